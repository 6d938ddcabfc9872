"""Bounds on float32 rounding: by how much two correct programs may differ in a current.

A sum of n products, in any order, is within ``n * u * sum |w| |x|`` of the exact one (u = 2**-24, the unit
roundoff); two programs are within twice that of each other. Errors of inputs go through the layer with its
absolute weights. Each rule is the reference's own function, run on absolute values.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.frontends.agreement import EPSILON
from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.linear import Linear
from edge_snn.graph.neuron import Relu
from edge_snn.graph.node import FLOAT, Node
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add
from edge_snn.reference.executor import run_node

EXTRA = 8  # roundings besides the sum: bias, folded constants, the bound itself


def bound(node: Node, inputs: list[np.ndarray], errors: list[np.ndarray], timesteps: int) -> np.ndarray:
    """Bound on the difference of two float32 results of a node, an array that broadcasts over its edge.

    ``errors`` are the bounds of its inputs; those of pixels and spikes are 0.
    """
    if isinstance(node, (Conv2D, Linear, Readout)):
        size = _absolute(replace(node, weight=np.abs(node.weight), bias=np.abs(node.bias)), inputs, timesteps)
        return _unit(_terms(node, inputs, timesteps)) * size
    if isinstance(node, Attention):
        q, k, v = inputs
        slack = np.broadcast_to(errors[1], k.shape)
        size = _absolute(node, inputs, timesteps)
        moved = _absolute(node, [q, slack.astype(np.float32), v], timesteps)
        return _unit(_terms(node, inputs, timesteps)) * size + moved * (1 + 1e-3)
    if isinstance(node, Add):
        return errors[0] + errors[1] + EPSILON * (np.abs(inputs[0]) + np.abs(inputs[1]))
    if isinstance(node, MaxPool2D) and errors[0].shape == inputs[0].shape:
        return run_node(node, [errors[0].astype(np.float32)], FLOAT, timesteps).astype(np.float64) * (1 + 1e-6)
    if isinstance(node, (Relu, MaxPool2D)):
        return errors[0]
    raise TypeError(f"no rounding bound for {type(node).__name__}")


def _unit(terms: int) -> float:
    return EPSILON * (terms + EXTRA)


def _terms(node: Node, inputs: list[np.ndarray], timesteps: int) -> int:
    """Length of the longest chain of additions behind one result."""
    positions, channels = inputs[0].shape[2] * inputs[0].shape[3], inputs[0].shape[4]
    if isinstance(node, Conv2D):
        return int(np.prod(node.weight.shape[:3]))
    if isinstance(node, Attention):
        return positions + channels // node.heads
    return channels + (timesteps * positions if isinstance(node, Readout) else 0)


def _absolute(node: Node, inputs: list[np.ndarray], timesteps: int) -> np.ndarray:
    positive = [x if x.dtype == np.uint8 else np.abs(x) for x in inputs]
    return run_node(node, positive, FLOAT, timesteps).astype(np.float64)
