"""Converter rules of Add: bounds. Its edges share one scale, which :mod:`edge_snn.passes.scales` sees to."""

from __future__ import annotations

from edge_snn.graph.residual import Add
from edge_snn.passes.interval import Interval, NodeBounds


def bound(node: Add, inputs: list[Interval]) -> NodeBounds:
    """Bounds of the sum."""
    a, b = inputs
    return NodeBounds(Interval(a.low + b.low, a.high + b.high), {})
