"""Converter rules of Conv2D: quantisation and bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.graph.conv import Conv2D
from edge_snn.passes.interval import Interval, NodeBounds, weighted_sum, with_bias
from edge_snn.passes.rounding import quantise_bias, quantise_weight


def quantise(node: Conv2D, scale: np.ndarray, bits: int) -> Conv2D:
    """Returns the node in integers; ``scale`` [cout] is the real value of 1 LSB of its output."""
    weight = quantise_weight(node.weight, scale, bits)
    return replace(node, weight=weight, bias=quantise_bias(node.bias, scale, node.name))


def bound(node: Conv2D, inputs: list[Interval]) -> NodeBounds:
    """Bounds of the sums: positive and negative contributions apart, each input in or out."""
    (x,) = inputs
    kh, kw, _, cout = node.weight.shape
    flat = node.weight.reshape(-1, cout)
    return with_bias(weighted_sum(flat, np.tile(x.low, kh * kw), np.tile(x.high, kh * kw)), node.bias)
