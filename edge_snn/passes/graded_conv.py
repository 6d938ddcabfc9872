"""Bounds of GradedConv, and what :mod:`.depthwise` shares with it."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.graded_conv import GradedConv, GradedWindowNode
from edge_snn.graph.tensor import TensorSpec
from edge_snn.passes.graded import scaled, sums
from edge_snn.passes.interval import Interval, NodeBounds


def reach(node: GradedWindowNode, x: Interval) -> Interval:
    """Bounds of ``code - input_zero``, one a channel of the input."""
    return Interval(x.low - node.input_zero, x.high - node.input_zero)


def finish(node: GradedWindowNode, taps: Interval) -> NodeBounds:
    """Bounds of the codes; inside: of the sums with their bias, and without."""
    bias = node.bias.astype(np.int64)
    total = Interval(taps.low + bias, taps.high + bias)
    total.bounds(node.name)  # 32 bits, before they are shifted
    return NodeBounds(scaled(node, total, node.multiplier, node.shift, node.rounding), {"sum": total, "taps": taps})


def bound(node: GradedConv, inputs: list[Interval], source: TensorSpec) -> NodeBounds:
    """Bounds of the sums of all taps."""
    kh, kw, _, cout = node.weight.shape
    x = reach(node, inputs[0])
    flat = node.weight.reshape(-1, cout)
    return finish(node, sums(flat, np.tile(x.low, kh * kw), np.tile(x.high, kh * kw), any(node.padding)))
