"""Chooses the real value of 1 LSB for every edge that carries currents.

Edges tied by an Add or a pool of currents share one scale per channel, taken from the largest weight
of all their producers. In front of a ReLU (the K of attention) the scale is one per head, because the
dot product sums over the channels of a head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge_snn.errors import InputError
from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.graph import Graph
from edge_snn.graph.linear import Linear
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.node import Node
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add
from edge_snn.graph.tensor import Kind
from edge_snn.passes.rounding import LARGEST

FULL_BITS = 8
ON_GRID = 0.01  # of a step: what float32 leaves of a weight that was rounded in training
LARGEST_OF_SPIKES = (
    1 << 13
) - 1  # thresholds and biases: 1 LSB of a weight is 1/8191 of a threshold, and sums stay 16 bits


def bits_of(graph: Graph, node: Node, bits: int) -> int:
    """Bits of a layer's weights where ``bits`` are asked for: pixels and the readout keep 8, as they are not packed."""
    pixels = bool(node.inputs) and graph.specs[node.inputs[0]].kind is Kind.PIXELS
    return FULL_BITS if pixels or isinstance(node, Readout) else bits


@dataclass(frozen=True)
class ScalePlan:
    """Scales of all edges, and which edges share one.

    Attributes:
        scales: float64 [channels] (or [1]) by edge.
        groups: for each edge of currents, the name of its group's first edge.
        streams: groups that hold a residual stream (an Add), whose edges are stored in memory.
    """

    scales: Mapping[str, np.ndarray]
    groups: Mapping[str, str]
    streams: frozenset[str]


def _groups(graph: Graph) -> tuple[dict[str, str], frozenset[str]]:
    """Unites edges of currents that must share a scale; returns the group of each and the stream groups."""
    parent = {name: name for name, spec in graph.specs.items() if spec.kind in (Kind.CURRENT, Kind.KEY)}

    def find(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for node in graph.nodes:
        ties = isinstance(node, (Add, Relu)) or (
            isinstance(node, MaxPool2D) and graph.specs[node.name].kind is Kind.CURRENT
        )
        if ties:
            for edge in node.inputs:
                a, b = find(edge), find(node.name)
                first, second = sorted((a, b), key=list(parent).index)
                parent[second] = first
    groups = {name: find(name) for name in parent}
    return groups, frozenset(groups[node.name] for node in graph.nodes if isinstance(node, Add))


def _smallest_scale(graph: Graph, edge: str, stream: bool) -> np.ndarray:
    """Per channel, the scale below which a threshold or bias of the edge would be larger than is of use.

    Sums of pixels may take 32 bits. Sums of spikes keep to :data:`LARGEST_OF_SPIKES`: only a channel with next to no
    weights comes near, one that its bias alone decides, and it would take its whole layer out of 16 bits. Residual
    streams are made coarser by what can be proved of them instead (:mod:`edge_snn.passes.convert`).
    """
    channels = graph.specs[edge].channels
    need = np.full(channels, 1e-30)
    producer = graph.node(edge)
    largest: float = LARGEST / 2
    if isinstance(producer, (Conv2D, Linear)):
        if not stream and graph.specs[producer.inputs[0]].kind is not Kind.PIXELS:
            largest = LARGEST_OF_SPIKES
        need = np.maximum(need, np.abs(producer.bias.astype(np.float64)) / largest)
    for node in graph.consumers(edge):
        if isinstance(node, Neuron):
            need = np.maximum(need, node.threshold.astype(np.float64) / largest)
    return need


def choose(graph: Graph, bits: int, coarser: Mapping[str, np.ndarray] | None = None) -> ScalePlan:
    """Returns the scales of a float graph whose weights get ``bits`` bits (:func:`bits_of`).

    Args:
        coarser: factors >= 1, float64 [channels] by group, by which a group's scale is made coarser.

    Raises:
        InputError: an Add joins currents of which one has a fixed scale (that of an attention).
    """
    groups, streams = _groups(graph)
    scales: dict[str, np.ndarray] = {}
    for group in dict.fromkeys(groups.values()):
        members = [edge for edge, owner in groups.items() if owner == group]
        channels = graph.specs[group].channels
        scale = np.zeros(channels)
        attention = [edge for edge in members if isinstance(graph.node(edge), Attention)]
        for edge in members:
            producer = graph.node(edge)
            if isinstance(producer, (Conv2D, Linear)):
                limit = 2 ** (bits_of(graph, producer, bits) - 1) - 1
                weight = np.abs(producer.weight.astype(np.float64)).reshape(-1, channels)
                scale = np.maximum(scale, weight.max(axis=0) / limit)
            scale = np.maximum(scale, _smallest_scale(graph, edge, group in streams))
        if coarser is not None and group in coarser:
            scale = scale * coarser[group]
        for edge in members:
            for node in graph.consumers(edge):
                if isinstance(node, Attention) and node.inputs[1] == edge:
                    scale = np.repeat(scale.reshape(node.heads, -1).max(axis=1), channels // node.heads)
        if attention:
            if len(members) > 1:
                raise InputError(
                    "currents of an attention go into a sum or a pool without a neuron between",
                    where=attention[0],
                    hint="put a spiking neuron behind the attention",
                )
            continue  # fixed by its K, below
        for edge in members:
            scales[edge] = scale
    ordered: dict[str, np.ndarray] = {}
    for edge, spec in graph.specs.items():
        if edge in scales:
            ordered[edge] = scales[edge]
            continue
        source = graph.node(edge) if edge != "input" else None
        if isinstance(source, Attention):
            key = ordered[source.inputs[1]]
            ordered[edge] = np.broadcast_to(key, (spec.channels,)) * source.scale
        else:
            ordered[edge] = np.ones(1)
    return ScalePlan(ordered, groups, streams)


def grid_bits(graph: Graph) -> int:
    """Fewest bits (2 to 8) at which no weight of a layer of spikes is changed: those that they were trained for.

    8 as well where no fewer do, or where there are no such layers.
    """
    layers = [node for node in graph.nodes if isinstance(node, (Conv2D, Linear)) and bits_of(graph, node, 2) == 2]
    for bits in range(2, FULL_BITS if layers else 2):
        scales = choose(graph, bits).scales
        exact = (node.weight.astype(np.float64) / scales[node.name] for node in layers)
        if all(np.abs(values - np.rint(values)).max() < ON_GRID for values in exact):
            return bits
    return FULL_BITS
