"""A measurement as plain data: one row a step, and the whole."""

from __future__ import annotations

from typing import Any

from edge_snn.harness.report import layer_rows
from edge_snn.profile import rival
from edge_snn.profile.measure import Measurement


def describe(made: Measurement) -> dict[str, Any]:
    """The profile; instructions are means over the images, a step's include its reading of the clock."""
    done, facts, board = made.done, made.facts, made.board
    steps = made.step_instructions
    total = float(steps.sum())
    rates = layer_rows(facts, done, board)
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
    count = sum(row["neurons"] for row in rates)
    rate = sum(row["rate"] * row["neurons"] for row in rates) / count if count else None
    whole = rival.instructions(board.core, tuple(part for parts in made.rivals for part in parts))
    each = made.instructions
    return {
        "board": board.name,
        "core": board.core,
        "model": facts.name,
        "model_sha256": facts.sha256,
        "timesteps": facts.timesteps,
        "data": made.data,
        "images": done.images,
        "mismatched_images": sum(not row.logits_equal or not row.counts_equal for row in done.rows),
        "unit": "executed instructions, mean over the images",
        "resolution": 1,
        "layers": layers,
        "total": {
            "neurons": count,
            "rate": round(rate, 6) if rate is not None else None,
            "instructions": round(total),
            "min": round(each.min()) if len(each) else None,
            "max": round(each.max()) if len(each) else None,
            "dense_macs": sum(step.dense_macs for step in facts.steps),
            "rival_instructions": round(whole) if whole is not None else None,
            "ratio": _ratio(total, whole),
        },
        "stopped": done.stopped,
    }


def _ratio(ours: float, theirs: float | None) -> float | None:
    return round(ours / theirs, 4) if theirs else None
