"""What a run in chunks of time would cost: memory for what neurons carry over, row adds that no longer share a step.

Measured instructions come from :mod:`edge_snn.profile`; here is what no firmware measures, since none is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_snn.graph.conv import Conv2D
from edge_snn.graph.linear import Linear
from edge_snn.graph.model import IntegerModel
from edge_snn.passes.sharing import best_order, histogram, shared_edges
from edge_snn.plan.chain import BLOCK, parts
from edge_snn.reference import run
from edge_snn.reference.context import coverage


@dataclass(frozen=True)
class Carried:
    """What lies in memory between two chunks, beside the arena.

    Attributes:
        neurons: that carry a residue: all but those behind a static current, which a first chunk can finish.
        residue_bytes: 2 or 4 a neuron, by its proved membrane.
        spike_bytes: of the later steps of the neurons behind a static current, stored as the next layer reads them.
    """

    neurons: int
    residue_bytes: int
    spike_bytes: int

    @property
    def total(self) -> int:
        return self.residue_bytes + self.spike_bytes


def carried(model: IntegerModel, later: int) -> Carried:
    """What a model carries over to a chunk of ``later`` steps."""
    graph = model.graph
    neurons = residues = spikes = 0
    for node in graph.neurons:
        size = graph.specs[node.name].size
        if graph.specs[node.inputs[0]].static:
            readers = graph.consumers(node.name)
            pooled = len(readers) == 1 and readers[0].op == "max_pool2d"
            spec = graph.specs[readers[0].name if pooled else node.name]
            rows = spec.positions * later * (2 if node.polarity == "ternary" else 1)
            spikes += rows * -(-spec.channels // BLOCK) * 2
        else:
            neurons += size
            residues += size * (2 if model.accumulators[f"{node.name}.membrane"].bits <= 16 else 4)
    return Carried(neurons, residues, spikes)


def adds(spikes: np.ndarray, order: Sequence[int], weight: np.ndarray) -> int:
    """Rows that the chain adds for spikes [B, T, H, W, C] at the steps of ``order``, each ``weight`` [H, W] times."""
    total = 0
    table = np.array([parts(pattern, len(order)) for pattern in range(1 << len(order))])
    for image in spikes:
        patterns = sum((image[step].astype(np.int64) << place for place, step in enumerate(order)), np.int64(0))
        total += int((table[patterns].sum(axis=2) * weight).sum())
    return total


def row_adds(model: IntegerModel, images: np.ndarray, chunks: Sequence[Sequence[int]]) -> list[float]:
    """Rows of 16 outputs an image that layers of binary spikes add in each chunk, its steps shared in the best order.

    Args:
        images: uint8 [B, H, W, C].
        chunks: the time steps of each.
    """
    graph = model.graph
    names = shared_edges(graph)
    edges = run(graph, images, keep=names, count_sops=False).edges
    totals = [0.0] * len(chunks)
    for name in names:
        spec, spikes = graph.specs[name], edges[name]
        for index, steps in enumerate(chunks):
            order = [steps[place] for place in best_order(histogram(spikes[:, list(steps)]))]
            for node in graph.consumers(name):
                if isinstance(node, Conv2D):
                    size = (node.weight.shape[0], node.weight.shape[1])
                    weight = coverage(spec.shape[:2], size, node.stride, node.padding)
                elif isinstance(node, Linear):
                    weight = np.ones(spec.shape[:2], np.int64)
                else:
                    continue
                blocks = -(-graph.specs[node.name].channels // BLOCK)
                totals[index] += adds(spikes, order, weight) * blocks / len(images)
    return totals
