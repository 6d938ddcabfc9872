"""Figures of an evaluation: latency, spikes, operations, energy; plain data for the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_snn.harness.evaluate import Evaluation, Row
from edge_snn.harness.facts import HostResults, ModelFacts
from edge_snn.harness.frames import Info
from edge_snn.harness.scoring import Scoring
from edge_snn.harness.timing import TICKS, Timing
from firmware_gen.boards import Board

# Picojoules of one operation on 32-bit floats in 45 nm: a multiply is 3.7, an add 0.9.
MAC_PJ = 4.6
ACCUMULATE_PJ = 0.9
ENERGY_SOURCE = (
    "arithmetic only, 32-bit floats in 45 nm CMOS (M. Horowitz, ISSCC 2014); "
    "no memory, no control, not a measurement of this board"
)


def clock_row(info: Info, board: Board, timing: Timing) -> dict[str, Any]:
    """The clock behind the latencies: counter, ticks a second, what a tick is, why they are no milliseconds."""
    tick = "executed instructions" if board.machine else info.clock_unit
    if timing.unit == TICKS:
        tick = f"{info.clock_unit} of a board, or what an emulator takes for them"
    return {"counter": info.clock, "hz": info.clock_hz, "counts": tick, "note": timing.why}


def latency(ticks: Sequence[Sequence[int]], timing: Timing) -> dict[str, Any]:
    """Statistics of latencies, in the unit of ``timing``.

    Args:
        ticks: of each image, one a timed inference.

    Returns:
        unit, inferences, and over all inferences min, median, mean, p95, max, std (standard deviation); jitter: the
        largest difference between two inferences of one image, None unless images were repeated.
    """
    unit, factor = timing.unit, timing.factor
    values = np.array([value for image in ticks for value in image], np.float64) * factor
    keys = ("min", "median", "mean", "p95", "max", "std")
    found: dict[str, Any] = {"unit": unit, "inferences": len(values), **dict.fromkeys(keys), "jitter": None}
    if not len(values):
        return found
    exact = {
        "min": values.min(),
        "median": np.median(values),
        "mean": values.mean(),
        "p95": np.percentile(values, 95),
        "max": values.max(),
        "std": values.std(),
    }
    if max(len(image) for image in ticks) > 1:
        exact["jitter"] = max(max(image) - min(image) for image in ticks) * factor
    rounded = {key: timing.rounded(float(value)) for key, value in exact.items()}
    return {**found, **rounded}


def layer_rows(facts: ModelFacts, rows: Sequence[Row], timing: Timing) -> list[dict[str, Any]]:
    """Per counted layer: rate, mean spikes and rate per time step (ternary also apart), and mean ticks of its step."""
    if not rows:
        return []
    factor = timing.factor
    counts = np.stack([row.result.counts for row in rows]).astype(np.float64)
    ticks = np.mean([run.step_ticks for row in rows for run in row.runs], axis=0) * factor
    found, start = [], 0
    for layer in facts.layers:
        block = counts[:, start : start + layer.counters].reshape(-1, layer.signs, layer.steps).mean(axis=0)
        start += layer.counters
        row: dict[str, Any] = {
            "name": layer.name,
            "kind": layer.kind,
            "neurons": layer.neurons,
            "rate": round(float(block.sum() / (layer.steps * layer.neurons)), 6),
            "rate_per_step": [round(float(value), 6) for value in block.sum(axis=0) / layer.neurons],
            "spikes_per_step": [round(float(value), 3) for value in block.sum(axis=0)],
            "ticks": round(float(ticks[layer.step]), 1),
        }
        if layer.signs == 2:
            row["plus_per_step"] = [round(float(value), 3) for value in block[0]]
            row["minus_per_step"] = [round(float(value), 3) for value in block[1]]
        found.append(row)
    return found


def step_rows(facts: ModelFacts, done: Evaluation, host: HostResults, timing: Timing) -> list[dict[str, Any]]:
    """Per timed step: dense MACs of one time step, synaptic operations an image, ticks, latency, energy estimate."""
    rows, indices = done.rows, done.indices
    found = []
    for number, step in enumerate(facts.steps):
        ticks = [[int(run.step_ticks[number]) for run in row.runs] for row in rows]
        time = latency(ticks, timing)
        counted = [host.node_sops[name][indices] for name in step.nodes if name in host.node_sops]
        sops = float(sum(float(counts.mean()) for counts in counted)) if counted and rows else None
        found.append(
            {
                "name": step.name,
                "kind": step.kind,
                "dense_macs": step.dense_macs,
                "sops": round(sops, 1) if sops is not None else None,
                "sops_per_mac": round(sops / step.dense_macs, 6) if sops is not None and step.dense_macs else None,
                "ticks": round(float(np.mean(ticks)) * timing.factor, 1) if rows else 0.0,
                "latency": time,
                "energy": energy(sops, step.dense_macs),
            }
        )
    return found


def trace_row(rows: Sequence[Row], host: HostResults) -> dict[str, Any] | None:
    """What the traces showed: images of which a layer differs, and the first of them; None without traces."""
    if host.traces is None:
        return None
    parted = [{"image": row.index, "layer": row.parted_at} for row in rows if row.parted_at]
    return {"tensors": len(host.traces.tensors), "mismatched": len(parted), "first": parted[0] if parted else None}


def energy(sops: float | None, dense_macs: int) -> dict[str, float | None]:
    """Estimate in microjoules an image: ``spiking`` by accumulates, ``dense`` for one pass with multiplies."""
    return {
        "spiking_uj": round(sops * ACCUMULATE_PJ * 1e-6, 6) if sops is not None else None,
        "dense_uj": round(dense_macs * MAC_PJ * 1e-6, 6),
    }


def energy_estimate(sops: float | None, dense_macs: int) -> dict[str, Any]:
    """:func:`energy` of a whole model, with its constants named."""
    constants = {"mac_pj": MAC_PJ, "accumulate_pj": ACCUMULATE_PJ, "source": ENERGY_SOURCE}
    return {"what": "estimate", **energy(sops, dense_macs), **constants}


def confusion(scoring: Scoring, done: Evaluation, classes: int) -> list[list[int]] | None:
    """Images by label (row) and class on the device (column); None without labels or classes."""
    predicted = scoring.classes(done.logits)
    if predicted is None or scoring.labels is None:
        return None
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (scoring.labels[done.indices], predicted), 1)
    return [[int(value) for value in row] for row in table]


def metric_row(scoring: Scoring, done: Evaluation, host: HostResults) -> dict[str, Any]:
    """The metric's name and its value on the device and on the host; None without what it needs."""
    indices = done.indices
    return {
        "name": scoring.metric.name,
        "value": scoring.value(done.logits, indices),
        "host_value": scoring.value(host.logits[indices], indices),
    }


def board_rows(done: Evaluation, scoring: Scoring, timing: Timing) -> list[dict[str, Any]]:
    """Per board: images, accuracy, latency, and what the link went through."""
    found = []
    right = scoring.right(done.logits, done.indices)
    for item in done.boards.values():
        places, rows = [], []
        for place, row in enumerate(done.rows):
            if row.on == item.label:
                places.append(place)
                rows.append(row)
        correct = None if right is None else int(right[places].sum())
        found.append(
            {
                "label": item.label,
                "images": len(rows),
                "correct": correct,
                "accuracy": correct / len(rows) if rows and correct is not None else None,
                "latency": latency([[run.ticks for run in row.runs] for row in rows], timing),
                "retries": item.retries,
                "resets": item.resets,
                "reconnects": item.reconnects,
                "stack_used": item.stack_used,
                "stopped": item.stopped,
            }
        )
    return found
