"""Dense multiply-accumulates: what a conventional network of the same shape would compute."""

from __future__ import annotations

from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.graded_conv import GradedWindowNode
from edge_snn.graph.graph import Graph
from edge_snn.graph.linear import Linear
from edge_snn.graph.readout import Readout


def dense_macs(graph: Graph) -> dict[str, int]:
    """Multiply-accumulates of one dense pass (one time step), by node that has some."""
    macs: dict[str, int] = {}
    for node in graph.nodes:
        spec = graph.specs[node.name]
        if isinstance(node, (Conv2D, Linear, GradedWindowNode)):
            macs[node.name] = spec.positions * node.weight.size
        elif isinstance(node, Readout):
            macs[node.name] = node.weight.size
        elif isinstance(node, Attention):
            macs[node.name] = 2 * spec.positions * spec.positions * spec.channels
    return macs
