"""Converter rules of Linear: quantisation and bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.graph.linear import Linear
from edge_snn.passes.interval import Interval, NodeBounds, weighted_sum, with_bias
from edge_snn.passes.rounding import quantise_bias, quantise_weight


def quantise(node: Linear, scale: np.ndarray, bits: int) -> Linear:
    """Returns the node in integers; ``scale`` [cout] is the real value of 1 LSB of its output."""
    weight = quantise_weight(node.weight, scale, bits)
    return replace(node, weight=weight, bias=quantise_bias(node.bias, scale, node.name))


def bound(node: Linear, inputs: list[Interval]) -> NodeBounds:
    """Bounds of the sums: positive and negative contributions apart, each input in or out."""
    (x,) = inputs
    return with_bias(weighted_sum(node.weight, x.low, x.high), node.bias)
