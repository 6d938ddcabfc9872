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
    """Counters [B, ..] of ``short`` steps a sign at their places among those of T steps."""
    runs = sum(2 if node.polarity == "ternary" else 1 for node in model.graph.neurons)
    room = np.zeros((len(counts), runs, model.graph.timesteps), np.int64)
    room[:, :, :short] = counts.reshape(len(counts), runs, short)
    return room.reshape(len(counts), -1)
