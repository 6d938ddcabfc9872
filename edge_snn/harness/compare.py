"""What changed between two runs, from their report.json and predictions.csv."""

from __future__ import annotations

from typing import Any

from edge_snn.data.metrics import Metric
from edge_snn.errors import InputError
from edge_snn.harness.saved import Run, known
from edge_snn.harness.timing import TICKS


def compare(before: Run, after: Run) -> dict[str, Any]:
    """What changed, as plain data; ``warnings`` names what limits the comparison.

    Returns:
        failed (checks of the second run, and those of the first without which its figures prove nothing), metric (None
        when the runs have different ones), accuracy, per_class, flips (None without predictions.csv), latency, steps,
        layers, sizes.

    Raises:
        InputError: the runs are of different data.
    """
    a, b = before.report, after.report
    if a["data_sha256"] != b["data_sha256"]:
        raise InputError(
            f"cannot be compared: {before.path} is of {a['data'][:60]!r} ({a['images_asked_for']} images, "
            f"{a['data_sha256'][:12]}..), {after.path} of {b['data'][:60]!r} ({b['images_asked_for']} images, "
            f"{b['data_sha256'][:12]}..)",
            hint="run both on the same data with the same --limit",
        )
    if a["images"] != b["images"]:
        raise InputError(f"{before.path} has {a['images']} images, {after.path} has {b['images']}, of the same data")
    warnings = []
    timed = a["latency"]["unit"] == b["latency"]["unit"]
    if not timed:
        warnings.append(f"latencies are not compared: {a['latency']['unit']} and {b['latency']['unit']}")
    if timed and a["latency"]["unit"] == TICKS:
        warnings.append("latencies are ticks of boards or of emulators, which is not known: of the same set-up only")
    if a["board"] != b["board"]:
        warnings.append(f"different boards: {a['board']} and {b['board']}")
    if a["classes"] != b["classes"]:
        warnings.append("the classes have different names; classes are compared by number")
    same_metric = a["metric"]["name"] == b["metric"]["name"]
    if not same_metric:
        warnings.append(f"the metrics are not compared: {a['metric']['name']} and {b['metric']['name']}")
    classed = a["confusion"] is not None and b["confusion"] is not None
    if classed and (before.predictions is None or after.predictions is None):
        missing = before if before.predictions is None else after
        warnings.append(f"flipped images are unknown: no predictions.csv that fits beside {missing.path}")
    steps = _pairs(a["steps"], b["steps"])
    layers = _pairs(a["layers"], b["layers"])
    return {
        "before": _identity(before),
        "after": _identity(after),
        "same_model": a["model_sha256"] == b["model_sha256"],
        "same_board": a["board"] == b["board"],
        "metric": {"name": a["metric"]["name"], **_change(a["metric"]["value"], b["metric"]["value"])}
        if same_metric
        else None,
        "accuracy": _change(a["accuracy"], b["accuracy"]),
        "per_class": _per_class(a, b),
        "flips": _flips(before, after),
        "mismatched_logits": _change(a["mismatched_logits"], b["mismatched_logits"]),
        "mismatched_spike_counts": _change(a["mismatched_spike_counts"], b["mismatched_spike_counts"]),
        "latency": {
            "unit": a["latency"]["unit"],
            **{key: _change(a["latency"].get(key), b["latency"].get(key)) for key in ("median", "p95", "max")},
        }
        if timed
        else None,
        "steps": [
            {"name": name, "median": _change(x and x["latency"]["median"], y and y["latency"]["median"])}
            for name, x, y in steps
        ]
        if timed
        else None,
        "mean_rate": _change(a.get("mean_rate"), b.get("mean_rate")),
        "sops": _change(a.get("sops"), b.get("sops")),
        "layers": [{"name": name, "rate": _change(x and x["rate"], y and y["rate"])} for name, x, y in layers],
        "flash_bytes": _change(a.get("flash_bytes"), b.get("flash_bytes")),
        "ram_bytes": _change(a.get("ram_bytes"), b.get("ram_bytes")),
        "arena_bytes": _change(a.get("arena_bytes"), b.get("arena_bytes")),
        "failed": [f"{before.path}: {text}" for text in before.differs]
        + [f"{after.path}: {text}" for text in after.failed],
        "warnings": warnings,
    }


def _identity(run: Run) -> dict[str, Any]:
    keys = ("model", "model_sha256", "board", "data", "images")
    return {"report": str(run.path), **{key: run.report[key] for key in keys}}


def _change(before: Any, after: Any) -> dict[str, Any]:
    """Both values, their difference and ratio; None where one is missing."""
    both = known(before) and known(after)
    return {
        "before": before if known(before) else None,
        "after": after if known(after) else None,
        "difference": after - before if both else None,
        "ratio": after / before if both and before else None,
    }


def _pairs(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
    """Items of the same name, in the order of the first, then what only the second has; None where one is missing."""
    first, second = {item["name"]: item for item in a}, {item["name"]: item for item in b}
    names = [*first, *(name for name in second if name not in first)]
    return [(name, first.get(name), second.get(name)) for name in names]


def _per_class(a: dict[str, Any], b: dict[str, Any]) -> list[dict[str, Any]]:
    """Recall of each class that has images."""

    def recall(report: dict[str, Any], index: int) -> float | None:
        table = report["confusion"] or ()
        if index >= len(table):
            return None
        row = table[index]
        return row[index] / sum(row) if sum(row) else None

    names = max(a["classes"], b["classes"], key=len)
    rows = [{"name": name, "recall": _change(recall(a, i), recall(b, i))} for i, name in enumerate(names)]
    return [row for row in rows if row["recall"]["before"] is not None or row["recall"]["after"] is not None]


def _flips(before: Run, after: Run) -> dict[str, Any] | None:
    """Images that are classified otherwise: how many, and their indices."""
    if before.predictions is None or after.predictions is None:
        return None
    indices = [index for index, label in before.predictions.items() if after.predictions.get(index) != label]
    return {"count": len(indices), "indices": sorted(indices)}


def judge(changes: dict[str, Any], max_accuracy_drop: float | None, max_slowdown: float | None) -> list[str]:
    """What went past a threshold, or had failed already, one sentence each.

    Args:
        max_accuracy_drop: of the metric, as a fraction: 0.01 is one percentage point.
        max_slowdown: of the median latency, as a fraction: 0.05 is five percent.

    Raises:
        InputError: a drop of runs whose metrics, or a slowdown of runs whose latencies, cannot be compared.
    """
    missed = list(changes["failed"])
    # Accuracies are counts over a common total: the tolerance only takes up the rounding of the division.
    if max_accuracy_drop is not None:
        metric = changes["metric"]
        if metric is None or metric["difference"] is None or not Metric.parse(metric["name"]).is_share:
            raise InputError("--max-accuracy-drop needs two runs of one metric of which more is better")
        drop = -metric["difference"]
        if drop > max_accuracy_drop + 1e-12:
            missed.append(f"{metric['name']} dropped by {drop:.4f}, allowed are {max_accuracy_drop:.4f}")
    if max_slowdown is not None:
        if changes["latency"] is None or not changes["same_board"]:
            raise InputError("--max-slowdown needs two runs on the same board: " + "; ".join(changes["warnings"]))
        median = changes["latency"]["median"]
        if median["ratio"] is None:
            raise InputError("--max-slowdown needs a median latency above 0")
        slower = median["ratio"] - 1
        if slower > max_slowdown + 1e-12:
            missed.append(
                f"the median latency grew by {slower:.2%} ({median['before']:,} to {median['after']:,} "
                f"{changes['latency']['unit']}), allowed are {max_slowdown:.2%}"
            )
    return missed
