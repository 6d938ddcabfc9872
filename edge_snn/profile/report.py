"""A measurement as plain data: one row a step, and the whole."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from edge_snn.harness.figures import layer_rows
from edge_snn.harness.timing import emulated
from edge_snn.profile import rival
from edge_snn.profile.classes import CLASSES
from edge_snn.profile.cycles import rules
from edge_snn.profile.histogram import Window
from edge_snn.profile.measure import Measurement


def describe(made: Measurement) -> dict[str, Any]:
    """The profile; instructions are means over the images, a step's include its reading of the clock."""
    done, facts, board = made.done, made.facts, made.board
    each = made.step_instructions
    steps = each.mean(axis=0) if done.images else np.zeros(len(facts.steps))
    total = float(steps.sum())
    rates = layer_rows(facts, done.rows, emulated(board))
    rate_of = {layer.step: row for layer, row in zip(facts.layers, rates)}
    layers = []
    for index, step in enumerate(facts.steps):
        neurons = rate_of.get(index)
        costs = rival.instructions(board.core, made.rivals[index])
        layers.append(
            {
                "name": step.name,
                "kind": step.kind,
                "neurons": neurons["neurons"] if neurons else None,
                "rate": neurons["rate"] if neurons else None,
                "instructions": round(steps[index]),
                "share": round(steps[index] / total, 6) if total else None,
                "dense_macs": step.dense_macs,
                "rival_instructions": round(costs) if costs is not None else None,
                "ratio": _ratio(steps[index], costs),
            }
        )
    if made.histogram is not None:
        for row, window in zip(layers, made.histogram.windows[1:-1]):
            row.update(_window(window, made.histogram.inferences))
    count = sum(row["neurons"] for row in rates)
    rate = sum(row["rate"] * row["neurons"] for row in rates) / count if count else None
    whole = rival.instructions(board.core, tuple(part for parts in made.rivals for part in parts))
    images = each.sum(axis=1)
    report: dict[str, Any] = {
        "board": board.name,
        "core": board.core,
        "model": facts.name,
        "model_sha256": facts.sha256,
        "timesteps": facts.timesteps,
        "data": made.data,
        "images": done.images,
        "mismatched_images": sum(not row.logits_equal or not row.counts_equal for row in done.rows),
        "unit": "executed instructions, mean over the images",
        "flash_bytes": made.flash_bytes,
        "ram_bytes": made.ram_bytes,
        "resolution": 0 if made.histogram is not None else 1,
        "layers": layers,
        "total": {
            "neurons": count,
            "rate": round(rate, 6) if rate is not None else None,
            "instructions": round(total),
            "min": round(images.min()) if len(images) else None,
            "max": round(images.max()) if len(images) else None,
            "dense_macs": sum(step.dense_macs for step in facts.steps),
            "rival_instructions": round(whole) if whole is not None else None,
            "ratio": _ratio(total, whole),
        },
        "stopped": done.stopped,
    }
    if made.histogram is not None:
        report["total"].update(_window(made.histogram.total, made.histogram.inferences))
        ran = made.histogram.total.functions.most_common()
        report["functions"] = {name: round(count / made.histogram.inferences) for name, count in ran}
        model = made.histogram.model
        report["cycle_model"] = {"kind": model.kind, "source": model.source, "rules": list(rules())}
        edges = (made.histogram.windows[0], made.histogram.windows[-1])
        report["outside_layers"] = round(sum(edge.instructions for edge in edges) / made.histogram.inferences)
    if made.agreement is not None:
        report["proof"] = {**asdict(made.agreement), "holds": made.agreement.holds}
    return report


def objection(report: dict[str, Any]) -> str:
    """What speaks against "inference only adds" in a profile with a histogram; "" if nothing does."""
    proof = report.get("proof")
    if proof is None or proof["holds"]:
        return ""
    bad = [f"{count:,} x {name}" for name, count in proof["forbidden"].items() if count]
    bad += [f"{name}, which the static proof did not reach" for name in proof["outside"]]
    return f"inference must only add: {'; '.join(bad) or 'the static proof has findings'}"


def _window(window: Window, inferences: int) -> dict[str, Any]:
    """Means over the inferences: classes that occur, and modelled cycles."""
    classes = {name: round(window.classes[name] / inferences) for name in CLASSES if window.classes[name]}
    cycles = None if window.cycles is None else round(window.cycles / inferences)
    return {"histogram": classes, "modelled_cycles": cycles}


def _ratio(ours: float, theirs: float | None) -> float | None:
    return round(ours / theirs, 4) if theirs else None
