"""Which time steps share row adds: the order of the chain (esnn_chain.h) of each edge of spikes, from real images.

A row is added once for all places of the chain's tail at which its input is active. With S2 < S3 < .. the tails of
2, 3, .. places, an input saves one add for every tail it is wholly active in, so the best order maximises the sum of
those counts over the tails: a longest path over the subsets of steps.
"""

from __future__ import annotations

import numpy as np

from edge_snn.graph.conv import Conv2D
from edge_snn.graph.graph import Graph
from edge_snn.graph.linear import Linear
from edge_snn.graph.tensor import Kind
from edge_snn.reference import run
from edge_snn.reference.executor import DEFAULT_BATCH

IMAGES = 100  # more change no order


def shared_edges(graph: Graph) -> tuple[str, ...]:
    """Edges of binary spikes that change with time and feed a convolution or a linear layer."""
    return tuple(
        name
        for name, spec in graph.specs.items()
        if spec.kind is Kind.SPIKES
        and not spec.static
        and any(isinstance(node, (Conv2D, Linear)) for node in graph.consumers(name))
    )


def histogram(spikes: np.ndarray) -> np.ndarray:
    """How many inputs have each pattern over time, int64 [2 ** T]; bit t: active at step t.

    Args:
        spikes: int8 [B, T, H, W, C] of 0 and 1.
    """
    steps = spikes.shape[1]
    weights = (1 << np.arange(steps)).astype(np.int64)
    patterns = np.tensordot(spikes.astype(np.int64), weights, axes=([1], [0]))
    return np.bincount(patterns.reshape(-1), minlength=1 << steps).astype(np.int64)


def best_order(counts: np.ndarray) -> tuple[int, ...]:
    """The order of steps that leaves the fewest row adds, for a histogram of patterns [2 ** T]."""
    steps = int(counts.size).bit_length() - 1
    full = (1 << steps) - 1
    wholly = [int(counts[[p for p in range(full + 1) if p & s == s]].sum()) for s in range(full + 1)]
    saved = [0] * (full + 1)
    first = [0] * (full + 1)  # the step that the tail s has before the rest of it
    for tail in range(1, full + 1):
        inside = [step for step in range(steps) if tail >> step & 1]
        first[tail] = max(inside, key=lambda step: saved[tail & ~(1 << step)])
        saved[tail] = saved[tail & ~(1 << first[tail])] + (wholly[tail] if len(inside) > 1 else 0)
    order, tail = [], full
    while tail:
        order.append(first[tail])
        tail &= ~(1 << first[tail])
    return tuple(order)


def choose_orders(integer: Graph, images: np.ndarray) -> dict[str, tuple[int, ...]]:
    """The order of each shared edge; empty for T = 1.

    Args:
        images: uint8 [B, H, W, C], the calibration images.
    """
    names = shared_edges(integer)
    if integer.timesteps == 1 or not names:
        return {}
    found = {name: np.zeros(1 << integer.timesteps, np.int64) for name in names}
    for start in range(0, min(len(images), IMAGES), DEFAULT_BATCH):
        part = run(integer, images[start : min(start + DEFAULT_BATCH, IMAGES)], keep=names, count_sops=False)
        for name in names:
            found[name] += histogram(part.edges[name])
    return {name: best_order(counts) for name, counts in found.items()}
