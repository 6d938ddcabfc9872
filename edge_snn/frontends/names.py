"""Gives nodes the names people use, from their place in the graph (not from names in the file)."""

from __future__ import annotations

from dataclasses import replace

from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.graph.linear import Linear
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.node import Node
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add


def rename(graph: Graph) -> tuple[Graph, dict[str, str]]:
    """Returns the graph with names such as ``conv1``, ``block0.q``, ``block0.q.neuron``, and new by old name."""
    roles = _roles(graph)
    names = {INPUT: INPUT}
    taken = {INPUT}
    counts = {"conv": 0, "add": 0, "linear": 0}

    def numbered(family: str) -> str:
        counts[family] += 1
        return f"{family}{counts[family]}"

    for node in graph.nodes:
        before = names[node.inputs[0]]
        name = roles.get(node.name, "")
        if not name:
            if isinstance(node, Conv2D):
                name = numbered("conv")
            elif isinstance(node, Linear):
                name = numbered("linear")
            elif isinstance(node, Add):
                name = numbered("add")
            elif isinstance(node, MaxPool2D):
                name = f"{_stem(before)}.pool"
            elif isinstance(node, Neuron):
                name = f"{_stem(before)}.neuron"
            elif isinstance(node, Relu):
                name = f"{before}.relu"
            elif isinstance(node, Readout):
                name = "head"
            else:
                name = node.name
        unique, suffix = name, 2
        while unique in taken:
            unique, suffix = f"{name}.{suffix}", suffix + 1
        taken.add(unique)
        names[node.name] = unique
    nodes = tuple(
        replace(node, name=names[node.name], inputs=tuple(names[edge] for edge in node.inputs)) for node in graph.nodes
    )
    return Graph(graph.name, graph.timesteps, graph.image, nodes, graph.domain), names


def _stem(name: str) -> str:
    for ending in (".neuron", ".pool"):
        if name.endswith(ending):
            return name[: -len(ending)]
    return name


def _follow(graph: Graph, edge: str, kinds: tuple[type[Node], ...]) -> Node | None:
    """The only reader of ``edge`` if it is of one of ``kinds``."""
    readers = graph.consumers(edge)
    return readers[0] if len(readers) == 1 and isinstance(readers[0], kinds) else None


def _roles(graph: Graph) -> dict[str, str]:
    """Names around each attention: its Q, K, V, projection, and the MLP behind it."""
    roles: dict[str, str] = {}
    attentions = [node for node in graph.nodes if isinstance(node, Attention)]
    for index, node in enumerate(attentions):
        block = f"block{index}"
        roles[node.name] = f"{block}.attention"
        for label, edge in zip("qkv", node.inputs):
            activation = graph.node(edge)
            layer = graph.node(activation.inputs[0])
            roles[activation.name] = f"{block}.{label}.{'relu' if isinstance(activation, Relu) else 'neuron'}"
            roles[layer.name] = f"{block}.{label}"
        neuron = _follow(graph, node.name, (Neuron,))
        projection = _follow(graph, neuron.name, (Linear,)) if neuron else None
        added = _follow(graph, projection.name, (Add,)) if projection else None
        if not (neuron and projection and added):
            continue
        roles[neuron.name] = f"{block}.attention.neuron"
        roles[projection.name] = f"{block}.proj"
        roles[added.name] = f"{block}.add1"
        _name_mlp(graph, added, block, roles)
    return roles


def _name_mlp(graph: Graph, added: Node, block: str, roles: dict[str, str]) -> None:
    for neuron in graph.consumers(added.name):
        if not isinstance(neuron, Neuron):
            continue
        first = _follow(graph, neuron.name, (Linear,))
        hidden = _follow(graph, first.name, (Neuron,)) if first else None
        second = _follow(graph, hidden.name, (Linear,)) if hidden else None
        out = _follow(graph, second.name, (Add,)) if second else None
        if first and hidden and second and out:
            roles[neuron.name] = f"{block}.add1.neuron"
            roles[first.name] = f"{block}.fc1"
            roles[hidden.name] = f"{block}.fc1.neuron"
            roles[second.name] = f"{block}.fc2"
            roles[out.name] = f"{block}.add2"
