"""Bounds of GradedAdd."""

from __future__ import annotations

from edge_snn.graph.graded_add import GradedAdd
from edge_snn.graph.tensor import TensorSpec
from edge_snn.passes.graded import scaled
from edge_snn.passes.interval import Interval, NodeBounds
from edge_snn.reference.graded_add import tables


def bound(node: GradedAdd, inputs: list[Interval], source: TensorSpec) -> NodeBounds:
    """Bounds of the sum of what the codes of both inputs add; each table rises, or falls, throughout."""
    ends = [(table[x.low], table[x.high]) for table, x in zip(tables(node), inputs)]
    least = [low if (low <= high).all() else high for low, high in ends]
    most = [high if (low <= high).all() else low for low, high in ends]
    total = Interval(least[0] + least[1], most[0] + most[1])
    return NodeBounds(scaled(node, total, node.multiplier[2], node.shift[2]), {"sum": total})
