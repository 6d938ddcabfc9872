"""Bounds of GradedPool and Mean."""

from __future__ import annotations

import math

import numpy as np

from edge_snn.graph.graded_pool import GradedPool, Mean
from edge_snn.graph.tensor import TensorSpec
from edge_snn.passes.graded import scaled
from edge_snn.passes.interval import Interval, NodeBounds


def bound(node: GradedPool, inputs: list[Interval], source: TensorSpec) -> NodeBounds:
    """The largest of some codes, or their mean, lies where they lie; then it is clamped."""
    (x,) = inputs
    return NodeBounds(Interval(*(np.clip(end, node.low, node.high) for end in (x.low, x.high))), {})


def bound_mean(node: Mean, inputs: list[Interval], source: TensorSpec) -> NodeBounds:
    """Bounds of the sums of ``code - input_zero``."""
    (x,) = inputs
    if 2 in node.axes:
        x = Interval(x.low.min(keepdims=True), x.high.max(keepdims=True))
    count = math.prod(source.shape[axis] for axis in node.axes)
    total = Interval((x.low - node.input_zero) * count, (x.high - node.input_zero) * count)
    total.bounds(node.name)
    return NodeBounds(scaled(node, total, node.multiplier, node.shift), {"sum": total})
