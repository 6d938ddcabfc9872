"""What the readout has summed after each time step: one run over the longest T tells of every shorter one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge_snn.errors import InputError
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.readout import Readout
from edge_snn.graph.tensor import Kind
from edge_snn.passes.retime import retime, retime_graph
from edge_snn.reference import check_images, run_batch
from edge_snn.reference.executor import DEFAULT_BATCH


@dataclass(frozen=True)
class Partial:
    """Sums of the readout of a model for some images.

    Attributes:
        model: as it was trained, T steps.
        sums: int64 [B, steps, classes], after each step, without bias; maybe for more steps than T.
    """

    model: IntegerModel
    sums: np.ndarray

    @property
    def readout(self) -> Readout:
        return self.model.graph.readout

    @property
    def events(self) -> int:
        """Positions that the readout sums in a step."""
        return self.model.graph.specs[self.readout.inputs[0]].positions

    @property
    def ternary(self) -> bool:
        return self.model.graph.specs[self.readout.inputs[0]].kind is Kind.TERNARY

    def logits(self, timesteps: int) -> np.ndarray:
        """Logits of the model for that many steps, int64 [B, classes]."""
        bias = retime_graph(self.model.graph, timesteps).readout.bias
        return np.asarray(self.sums[:, timesteps - 1] + bias)

    def begun(self, timesteps: int) -> np.ndarray:
        """Logits of a run of all T steps after the first ``timesteps``: the whole bias, the spikes so far."""
        return np.asarray(self.sums[:, timesteps - 1] + self.readout.bias)


def partial_sums(
    model: IntegerModel, images: np.ndarray, steps: int, progress: Callable[[int], None] | None = None
) -> Partial:
    """Runs ``steps`` time steps of the integer reference.

    Args:
        images: uint8 [B, H, W, C].
        progress: called with the number of images done.

    Raises:
        InputError: images of another shape, or the model cannot be run for so many steps.
    """
    if len(model.classes) < 2:
        raise InputError("has one class, so there is nothing to decide", where=model.name)
    graph = retime(model, steps).graph
    check_images(graph, images)
    source, weight = graph.readout.inputs[0], graph.readout.weight.astype(np.int64)
    parts = []
    for start in range(0, len(images), DEFAULT_BATCH):
        batch = images[start : start + DEFAULT_BATCH]
        spikes = run_batch(graph, batch, keep=[source], count_sops=False).edges[source]
        counts = spikes.sum(axis=(2, 3), dtype=np.int64)  # [B, steps, channels]
        parts.append(np.cumsum(counts @ weight, axis=1))
        if progress is not None:
            progress(start + len(batch))
    return Partial(model, np.concatenate(parts))
