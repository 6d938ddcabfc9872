"""Reference of :class:`edge_snn.graph.neuron.Neuron` and :class:`~edge_snn.graph.neuron.Relu`."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.node import FLOAT


def leak(node: Neuron, membrane: np.ndarray, domain: str) -> np.ndarray:
    """``sum_s membrane * 2**-s``; in integers each term is an arithmetic shift right (floor)."""
    if domain == FLOAT:
        return membrane * np.float32(node.leak)
    residue = np.zeros_like(membrane)
    for shift in node.leak_shifts:
        residue += membrane >> shift
    return residue


def run_neuron(
    node: Neuron, inputs: list[np.ndarray], domain: str, steps: int, membranes: np.ndarray | None = None
) -> np.ndarray:
    """Returns the spikes, int8 [B, T, H, W, C], of currents [B, T or 1, H, W, C].

    Args:
        membranes: receives the membranes [B, T, H, W, C] that meet the threshold, if given.
    """
    (x,) = inputs
    theta = node.threshold.astype(x.dtype)
    spikes = np.empty((x.shape[0], steps, *x.shape[2:]), np.int8)
    residue = np.zeros_like(x[:, 0])
    for t in range(steps):
        membrane = residue + x[:, t if x.shape[1] > 1 else 0]
        if membranes is not None:
            membranes[:, t] = membrane
        spike = (membrane >= theta).astype(np.int8)
        if node.polarity == "ternary":
            spike -= membrane <= -theta
        spikes[:, t] = spike
        if node.reset == "subtract":
            membrane = membrane - theta * spike
        residue = leak(node, membrane, domain)
        if node.reset == "zero":
            residue[spike != 0] = 0
    return spikes


def run_relu(node: Relu, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns ``min(max(x, 0), clip)`` [B, T, H, W, C]."""
    (x,) = inputs
    rectified = np.maximum(x, 0)
    return rectified if node.clip is None else np.minimum(rectified, node.clip)


def count(spikes: np.ndarray, polarity: str) -> np.ndarray:
    """Spike counters of one layer: int64 [B, T], or [B, 2T] (plus, then minus) for a ternary neuron."""
    plus = (spikes > 0).sum(axis=(2, 3, 4), dtype=np.int64)
    if polarity == "binary":
        return plus
    return np.concatenate([plus, (spikes < 0).sum(axis=(2, 3, 4), dtype=np.int64)], axis=1)
