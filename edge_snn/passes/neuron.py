"""Converter rules of Neuron and Relu: thresholds, clips and the range of the membrane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.passes.interval import Interval, NodeBounds, constant
from edge_snn.passes.rounding import quantise_threshold


def quantise(node: Neuron, scale: np.ndarray, channels: int) -> Neuron:
    """Returns the node in integers: ``theta[c] = ceil(Vth / D[c])``, ``scale`` D [channels] of its input."""
    real = np.broadcast_to(node.threshold, (channels,)).astype(np.float64)
    return replace(node, threshold=quantise_threshold(real, np.broadcast_to(scale, (channels,)), node.name))


def _leak(node: Neuron, x: np.ndarray) -> np.ndarray:
    return sum((x >> shift for shift in node.leak_shifts), np.zeros_like(x))


def _residue(node: Neuron, low: np.ndarray, high: np.ndarray) -> Interval:
    """Range of H after a step whose membrane lay in [low, high]; the leak never decreases in its argument."""
    theta = np.broadcast_to(node.threshold.astype(np.int64), low.shape)
    if node.reset != "none":
        silent_low = low if node.polarity == "binary" else np.maximum(low, 1 - theta)
        silent_high = np.minimum(high, theta - 1)
        if node.reset == "subtract":  # a membrane that fired comes back by theta, and leaks as well
            silent_high = np.maximum(silent_high, high - theta)
            if node.polarity == "ternary":
                silent_low = np.minimum(silent_low, low + theta)
        low, high = silent_low, np.maximum(silent_high, silent_low)
    low, high = _leak(node, low), _leak(node, high)
    return Interval(np.minimum(low, 0), np.maximum(high, 0))


def bound(node: Neuron, inputs: list[Interval], steps: int) -> NodeBounds:
    """Bounds of the spikes, and of the membrane over ``steps`` time steps."""
    (x,) = inputs
    residue = constant(0, 0, x.low.size)
    membrane = constant(0, 0, x.low.size)
    for _ in range(steps):
        now = Interval(residue.low + x.low, residue.high + x.high)
        membrane = membrane.hull(now)
        residue = _residue(node, now.low, now.high).hull(residue)
    lowest = -1 if node.polarity == "ternary" else 0
    return NodeBounds(constant(lowest, 1, x.low.size), {"membrane": membrane})


def bound_relu(node: Relu, inputs: list[Interval]) -> NodeBounds:
    """Bounds of K: 0 to the clip, or to what its input reaches."""
    (x,) = inputs
    high = np.maximum(x.high, 0)
    if node.clip is not None:
        high = np.minimum(high, node.clip)
    return NodeBounds(Interval(np.zeros_like(high), high), {})
