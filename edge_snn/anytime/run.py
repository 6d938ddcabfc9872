"""What a model answers on a device, early answers included: the reference of its firmware."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge_snn.anytime.rules import gap
from edge_snn.graph.model import IntegerModel
from edge_snn.passes.retime import retime
from edge_snn.reference import Result, run
from edge_snn.reference.executor import DEFAULT_BATCH


def run_model(model: IntegerModel, images: np.ndarray, progress: Callable[[int], None] | None = None) -> Result:
    """Runs a model on uint8 images [B, H, W, C].

    Where a shorter run answers, logits and counts are its own, and the counters of later steps are 0. Where the model
    is run whole after it, they are those of that run. Operations are those of both.

    Args:
        progress: called with the number of images done.

    Raises:
        InputError: wrong shape or dtype, or no image.
    """
    if model.early is None:
        return run(model.graph, images, progress=progress)
    short = retime(model, model.early.timesteps)
    parts = []
    for start in range(0, max(len(images), 1), DEFAULT_BATCH):
        batch = images[start : start + DEFAULT_BATCH]
        parts.append(_run_batch(model, short, model.early.margin, batch))
        if progress is not None:
            progress(start + len(batch))
    return Result(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.counts for part in parts]),
        {name: np.concatenate([part.sops[name] for part in parts]) for name in parts[0].sops},
    )


def _run_batch(model: IntegerModel, short: IntegerModel, margin: int, images: np.ndarray) -> Result:
    first = run(short.graph, images)
    logits, sops = first.logits.copy(), {name: values.copy() for name, values in first.sops.items()}
    counts = _spread(first.counts, model, short.graph.timesteps)
    again = np.flatnonzero(gap(first.logits.astype(np.int64)) < margin)
    if len(again):
        whole = run(model.graph, images[again])
        logits[again], counts[again] = whole.logits, whole.counts
        for name, values in whole.sops.items():
            sops[name][again] += values
    return Result(logits, counts, sops)


def _spread(counts: np.ndarray, model: IntegerModel, short: int) -> np.ndarray:
    """Counters [B, ..] of a run of ``short`` steps at their places among those of T steps."""
    room, begin = [], 0
    for layer in model.graph.counted:
        steps = min(short, layer.steps)  # a layer of codes has one counter
        block = counts[:, begin : begin + layer.signs * steps].reshape(-1, layer.signs, steps)
        begin += layer.signs * steps
        room.append(np.pad(block, ((0, 0), (0, 0), (0, layer.steps - steps))).reshape(len(counts), -1))
    return np.concatenate(room, axis=1)
