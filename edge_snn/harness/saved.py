"""Reads a finished run back, and refuses a report whose figures are impossible or do not agree with each other."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_snn.data.metrics import ACCURACY as ACCURACY_METRIC
from edge_snn.data.metrics import BINARY, Metric
from edge_snn.errors import InputError
from edge_snn.files import parse_json, read_bytes
from edge_snn.harness.checks import ACCURACY, ERROR, FAILED, PASSED, SKIPPED, judge

MAX_REPORT = 1 << 26
LARGEST = 1e18
FORMAT = 2  # of report.json

_NUMBER = (int, float)
_MAYBE_COUNT = (int, type(None))
_FIELDS: dict[str, tuple[type, ...]] = {
    "board": (str,),
    "model": (str,),
    "model_sha256": (str,),
    "data": (str,),
    "data_sha256": (str,),
    "stopped": (str,),
    "images": (int,),
    "images_asked_for": (int,),
    "repeat": (int,),
    "metric": (dict,),
    "correct": _MAYBE_COUNT,
    "accuracy": (*_NUMBER, type(None)),
    "mismatched_logits": (int,),
    "mismatched_spike_counts": (int,),
    "mismatched_repeats": (int,),
    "trace": (dict, type(None)),
    "stack_bound": _MAYBE_COUNT,
    "stack_used": _MAYBE_COUNT,
    "classes": (list,),
    "confusion": (list, type(None)),
    "latency": (dict,),
    "layers": (list,),
    "steps": (list,),
    "checks": (list,),
}
_ITEMS: dict[str, dict[str, tuple[type, ...]]] = {
    "layers": {"name": (str,), "rate": _NUMBER},
    "steps": {"name": (str,), "latency": (dict,)},
    "checks": {"name": (str,), "status": (str,), "message": (str,)},
}
_TIMES = ("median", "p95", "max")  # ascending
_TOLERANCE = 1e-9  # of a quotient that JSON has rounded


@dataclass(frozen=True)
class Run:
    """A finished run; checks itself.

    Attributes:
        path: of its report.json.
        report: what is in it.
        predictions: class of each image on the device, by index; None where no predictions.csv fits.

    Raises:
        InputError: a field is missing or of another type; or the figures are impossible, or do not agree.
    """

    path: Path
    report: dict[str, Any]
    predictions: dict[int, int] | None

    def __post_init__(self) -> None:
        where = str(self.path)
        _check_types(self.report, where)
        for wrong in _disagreements(self.report):
            raise InputError(
                f"is impossible: {wrong}", where=where, hint="no run of edge-snn writes this; run edge-snn eval again"
            )

    @property
    def failed(self) -> list[str]:
        """Names and messages of the checks that failed."""
        return [f"{row['name']}: {row['message']}" for row in self.report["checks"] if row["status"] == FAILED]

    @property
    def differs(self) -> list[str]:
        """The same, but for the threshold of the accuracy: why this run's figures prove nothing."""
        return [text for text in self.failed if not text.startswith(f"{ACCURACY}: ")]


def load(path: Path) -> Run:
    """Reads a report.json, or the one in a folder.

    Raises:
        InputError: there is none, it is none, its run did not finish, or it is damaged.
    """
    file = path / "report.json" if path.is_dir() else path
    if not file.exists():
        raise InputError("no such file", where=str(file), hint="give the --report folder of edge-snn eval")
    report = parse_json(read_bytes(file, MAX_REPORT), str(file))
    if not isinstance(report, dict):
        raise InputError("is not a report of edge-snn", where=str(file))
    if report.get("format") != FORMAT:
        raise InputError("is not a report of this version of edge-snn", where=str(file), hint="run edge-snn eval again")
    if report.get("stopped"):
        told = f"{report.get('images')!s:.20} of {report.get('images_asked_for')!s:.20} images"
        raise InputError(f"is of a run that did not finish ({told})", where=str(file), hint="edge-snn eval --resume")
    _check_types(report, str(file))
    return Run(file, report, _predictions(file.with_name("predictions.csv"), report))


def known(value: Any) -> bool:
    """Whether this is a number that a run may have: JSON also knows integers of any length."""
    return isinstance(value, _NUMBER) and not isinstance(value, bool) and abs(value) < LARGEST


def _check_types(report: dict[str, Any], where: str) -> None:
    _check(report, _FIELDS, where)
    size, rows = len(report["classes"]), report["confusion"]
    if not size or not all(isinstance(name, str) for name in report["classes"]):
        raise InputError("is damaged: a class has no name", where=where)
    if len({report[key] is None for key in ("correct", "accuracy", "confusion")}) > 1:
        raise InputError("is damaged: accuracy and confusion matrix are not both there", where=where)
    _check(report["metric"], {"name": (str,), "value": (*_NUMBER, type(None))}, f"{where}: metric")
    if rows is not None:
        if len(rows) != size or not all(isinstance(row, list) and len(row) == size for row in rows):
            raise InputError("is damaged: the confusion matrix does not fit the classes", where=where)
        if not all(type(count) is int and 0 <= count < LARGEST for row in rows for count in row):
            raise InputError("is damaged: the confusion matrix holds something else than counts", where=where)
    for key, fields in _ITEMS.items():
        for item in report[key]:
            if not isinstance(item, dict):
                raise InputError(f"is damaged: {key}", where=where)
            _check(item, fields, f"{where}: {key}")
    for time in (report["latency"], *(step["latency"] for step in report["steps"])):
        if not isinstance(time.get("unit"), str) or not all(known(time.get(key)) for key in _TIMES):
            raise InputError("is damaged: a latency has no unit or no median", where=where)
    trace = report["trace"]
    if trace is not None:
        _check(trace, {"tensors": (int,), "mismatched": (int,), "first": (dict, type(None))}, f"{where}: trace")
        if trace["first"] is not None:
            _check(trace["first"], {"image": (int,), "layer": (str,)}, f"{where}: trace")


def _check(document: dict[str, Any], fields: dict[str, tuple[type, ...]], where: str) -> None:
    for name, types in fields.items():
        value = document.get(name, ...)
        if not isinstance(value, types) or (isinstance(value, _NUMBER) and not known(value)):
            raise InputError(f"is damaged: {name} is missing or of another type", where=where)


def _disagreements(report: dict[str, Any]) -> Iterator[str]:
    """What cannot be, of figures whose types are right; one sentence each, the first is told."""
    images = report["images"]
    if images < 1 or report["repeat"] < 1:
        yield f"{images} images, {report['repeat']} times each"
    if images != report["images_asked_for"]:
        yield f"{images} of {report['images_asked_for']} images, and it was not stopped"
    yield from _wrong_scores(report)
    for key in ("mismatched_logits", "mismatched_spike_counts", "mismatched_repeats"):
        if not 0 <= report[key] <= images:
            yield f"{key} is {report[key]}, of {images} images"
    trace = report["trace"]
    if trace is not None and (
        not 0 <= trace["mismatched"] <= images or (trace["first"] is None) != (not trace["mismatched"])
    ):
        yield f"traces of {trace['mismatched']} images differ, of {images}"
    places = [("the run", report["latency"]), *((step["name"][:60], step["latency"]) for step in report["steps"])]
    for name, time in places:
        if not 0 <= time["median"] <= time["p95"] <= time["max"]:
            yield f"{name} has a median latency of {time['median']:g}, p95 {time['p95']:g}, max {time['max']:g}"
    if report["latency"]["median"] == 0:
        yield "the run took no time"
    for name, rate in [
        ("mean_rate", report.get("mean_rate")),
        *((row["name"][:60], row["rate"]) for row in report["layers"]),
    ]:
        if known(rate) and not 0 <= rate <= 1:
            yield f"{name} has a firing rate of {rate:g}"
    for key in ("sops", "flash_bytes", "ram_bytes", "arena_bytes", "stack_bound", "stack_used"):
        if known(report.get(key)) and report[key] < 0:
            yield f"{key} is {report[key]:g}"
    yield from _wrong_checks(report)


def _wrong_scores(report: dict[str, Any]) -> Iterator[str]:
    """What cannot be of the metric, the accuracy and the confusion matrix."""
    images, correct, rows, metric = report["images"], report["correct"], report["confusion"], report["metric"]
    if rows is not None:
        counted, right = sum(map(sum, rows)), sum(row[index] for index, row in enumerate(rows))
        if counted != images:
            yield f"the confusion matrix holds {counted} images, the run {images}"
        if right != correct:
            yield f"the confusion matrix has {right} images right, the report {correct}"
        if abs(report["accuracy"] - correct / max(images, 1)) > _TOLERANCE:
            yield f"an accuracy of {report['accuracy']:g} with {correct} of {images} images right"
    value = metric["value"]
    try:
        kind = Metric.parse(metric["name"])
    except InputError:
        yield f"it is scored by {metric['name'][:40]!r}"
        return
    if value is not None and (value < 0 or (kind.is_share and value > 1)):
        yield f"its metric {kind.name} is {value:g}"
    if kind.kind in (ACCURACY_METRIC, BINARY) and value != report["accuracy"]:
        yield f"its metric {kind.name} is {value}, its accuracy {report['accuracy']}"


def _wrong_checks(report: dict[str, Any]) -> Iterator[str]:
    """Checks whose outcome is not that of the figures; only the threshold of the accuracy is not known here."""
    told = {row["name"]: row["status"] for row in report["checks"]}
    expected = {check.name: check.status for check in judge(report, None)}
    if len(told) != len(report["checks"]) or set(told) != set(expected):
        yield "its checks are not those of edge-snn eval"
    for name, status in told.items():
        if status not in (PASSED, FAILED, ERROR, SKIPPED):
            yield f"the check {name[:60]!r} has {status[:20]!r}"
        if name != ACCURACY and status != expected.get(name):
            yield f"the check {name[:60]!r} has {status!r}, the figures say {expected.get(name)!r}"


def _predictions(file: Path, report: dict[str, Any]) -> dict[int, int] | None:
    """Classes by index, or None unless the file is there and has the images of the report's confusion matrix."""
    try:
        text = read_bytes(file, MAX_REPORT).decode("utf-8")
        rows = [(int(row["index"]), int(row["label"]), int(row["device"])) for row in csv.DictReader(io.StringIO(text))]
    except (InputError, ValueError, KeyError, TypeError, csv.Error):
        return None
    found = {index: device for index, _, device in rows}
    pairs = Counter((label, device) for _, label, device in rows)
    table = report["confusion"] or ()
    counted = {(i, j): count for i, row in enumerate(table) for j, count in enumerate(row) if count}
    return found if len(found) == len(rows) and pairs == counted else None
