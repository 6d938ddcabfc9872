"""Bounds of what only moves codes."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.layout import Concat, Pad, Reshape, Slice
from edge_snn.graph.tensor import TensorSpec
from edge_snn.passes.interval import Interval, NodeBounds, constant


def bound_concat(node: Concat, inputs: list[Interval], source: TensorSpec) -> NodeBounds:
    """Along the channels each part has its own; along positions they meet."""
    if node.axis == 2:
        low, high = (np.concatenate([getattr(part, end) for part in inputs]) for end in ("low", "high"))
        return NodeBounds(Interval(low, high), {})
    joined = inputs[0]
    for part in inputs[1:]:
        joined = joined.hull(part)
    return NodeBounds(joined, {})


def bound_pad(node: Pad, inputs: list[Interval], source: TensorSpec) -> NodeBounds:
    """The codes, and the one around them."""
    (x,) = inputs
    if any(node.before[:2]) or any(node.after[:2]):
        x = x.hull(constant(node.value, node.value, len(x.low)))
    sides = (node.before[2], node.after[2])
    low, high = (np.pad(end, sides, constant_values=node.value) for end in (x.low, x.high))
    return NodeBounds(Interval(low, high), {})


def bound_slice(node: Slice, inputs: list[Interval], source: TensorSpec) -> NodeBounds:
    """The channels that are taken."""
    (x,) = inputs
    begin, size, step = node.begin[2], node.size[2], node.step[2]
    taken = slice(begin, begin + size * step, step)
    return NodeBounds(Interval(x.low[taken], x.high[taken]), {})


def bound_reshape(node: Reshape, inputs: list[Interval], source: TensorSpec) -> NodeBounds:
    """Channels stay themselves where their number stays, or where positions become channels; else they mix."""
    (x,) = inputs
    channels, old = node.shape[2], len(x.low)
    if channels % old == 0:
        return NodeBounds(Interval(np.tile(x.low, channels // old), np.tile(x.high, channels // old)), {})
    return NodeBounds(constant(int(x.low.min()), int(x.high.max()), channels), {})
