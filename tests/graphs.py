"""Random integer graphs with every operation and every way of wiring them: fuel for whole-graph tests."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.facts import EdgeFacts
from edge_snn.graph.graph import Graph
from edge_snn.graph.linear import Linear
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.node import Node
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add
from edge_snn.graph.tensor import Kind, TensorSpec
from edge_snn.passes import bounds


class Maker:
    """Adds random nodes to a graph; each method returns the new edge's name."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.timesteps = int(self.rng.choice([1, 2, 3, 4, 4, 5, 8]))
        size = (int(self.rng.integers(4, 9)), int(self.rng.integers(4, 9)), int(self.rng.choice([1, 1, 3])))
        self.image = TensorSpec(size, Kind.PIXELS, static=True)
        self.nodes: list[Node] = []
        self.specs = {"input": self.image}

    def add(self, node: Node) -> str:
        self.specs[node.name] = node.infer([self.specs[edge] for edge in node.inputs])
        self.nodes.append(node)
        return node.name

    def name(self, family: str) -> str:
        return f"{family}{len(self.nodes)}"

    def weights(self, *shape: int) -> np.ndarray:
        """Small, extreme or sparse weights."""
        style = self.rng.integers(3)
        if style == 0:
            return self.rng.integers(-20, 21, shape).astype(np.int8)
        if style == 1:
            return self.rng.choice([-128, -127, 0, 127], shape).astype(np.int8)
        return (self.rng.integers(-127, 128, shape) * (self.rng.random(shape) < 0.3)).astype(np.int8)

    def bias(self, channels: int) -> np.ndarray:
        return self.rng.integers(-200, 201, channels).astype(np.int32)

    def channels(self) -> int:
        return int(self.rng.choice([3, 5, 8, 12, 16, 17, 24]))

    def conv(self, source: str, channels: int | None = None) -> str:
        spec = self.specs[source]
        kernel = int(self.rng.choice([1, 2, 3, 3]))
        kernel = min(kernel, *spec.shape[:2])
        pads = tuple(int(self.rng.integers(0, kernel)) for _ in range(4))
        stride = (int(self.rng.integers(1, 3)), int(self.rng.integers(1, 3)))
        cout = channels or self.channels()
        weight = self.weights(kernel, kernel, spec.channels, cout)
        return self.add(Conv2D(self.name("conv"), (source,), weight, self.bias(cout), stride, pads))

    def linear(self, source: str, channels: int | None = None) -> str:
        cout = channels or self.channels()
        weight = self.weights(self.specs[source].channels, cout)
        return self.add(Linear(self.name("linear"), (source,), weight, self.bias(cout)))

    def neuron(self, source: str, polarity: str | None = None) -> str:
        rng = self.rng
        scale = 4000 if self.specs[source].static else 150
        theta = rng.integers(1, scale, self.specs[source].channels).astype(np.int32)
        plain = rng.random() < 0.5
        shifts = (1,) if plain else tuple([(1,), (0,), (), (1, 2), (3,)][rng.integers(5)])
        reset = "zero" if plain else str(rng.choice(["zero", "subtract", "none"]))
        kind = polarity or ("binary" if rng.random() < 0.7 else "ternary")
        return self.add(Neuron(self.name("neuron"), (source,), theta, shifts, reset, kind))

    def pool(self, source: str) -> str:
        spec = self.specs[source]
        size = tuple(min(int(self.rng.integers(1, 4)), dim) for dim in spec.shape[:2])
        stride = (int(self.rng.integers(1, 3)), int(self.rng.integers(1, 3)))
        pads = tuple(int(self.rng.integers(0, size[axis % 2])) for axis in range(4))
        return self.add(MaxPool2D(self.name("pool"), (source,), size, stride, pads))

    def attention(self, source: str) -> str:
        heads, width = int(self.rng.choice([1, 2, 3])), int(self.rng.choice([4, 5, 8, 11]))
        channels = heads * width
        query = self.neuron(self.linear(source, channels), "binary")
        if self.rng.random() < 0.75:
            clip = np.repeat(self.rng.integers(1, 900, heads), width).astype(np.int32)
            layer = self.linear(source, channels)
            key = self.add(Relu(self.name("relu"), (layer,), clip))
        else:
            key = self.neuron(self.linear(source, channels), "binary")
        value = self.neuron(self.linear(source, channels))
        order = str(self.rng.choice(["qk_v", "q_kv"]))
        return self.add(Attention(self.name("attention"), (query, key, value), heads, order))

    def residual_block(self, stream: str) -> str:
        channels = self.specs[stream].channels
        spikes = self.neuron(stream)
        inner = self.neuron(self.linear(spikes)) if self.rng.random() < 0.5 else spikes
        branch = self.linear(inner, channels)
        ends = (stream, branch) if self.rng.random() < 0.5 else (branch, stream)
        return self.add(Add(self.name("add"), ends))


def random_model(seed: int, name: str = "random") -> IntegerModel:
    """A random integer model with proved bounds."""
    make = Maker(seed)
    rng = make.rng
    current = make.conv("input")
    if rng.random() < 0.3:
        current = make.pool(current)
    if rng.random() < 0.2:  # a static current in a residual stream
        current = make.residual_block(current)
    spikes = make.neuron(current, "binary" if rng.random() < 0.8 else None)
    if make.specs[spikes].kind is Kind.SPIKES and rng.random() < 0.7:
        spikes = make.pool(spikes)
    current = make.conv(spikes)
    if rng.random() < 0.4:
        current = make.pool(current)
    for _ in range(int(rng.integers(0, 3))):
        current = make.residual_block(current)
    spikes = make.neuron(current)
    if rng.random() < 0.7:
        current = make.attention(spikes)
        spikes = make.neuron(current, "binary")
        # Spikes that are read twice, once by a pool: they are stored and pooled in a step of their own.
        if rng.random() < 0.5:
            pooled, kept = make.pool(spikes), make.neuron(make.linear(spikes))
            first, second = make.linear(pooled, 8), make.linear(kept, 8)
            if make.specs[first].shape == make.specs[second].shape:
                spikes = make.neuron(make.add(Add(make.name("add"), (first, second))))
            else:
                _drop_unused(make, keep=kept)
                spikes = kept
    classes = int(rng.integers(2, 12))
    weight = make.weights(make.specs[spikes].channels, classes)
    make.add(Readout("head", (spikes,), weight, make.bias(classes)))
    graph = Graph(name, make.timesteps, make.image, tuple(make.nodes), "integer")
    proof = bounds.prove(graph)
    edges = {edge: EdgeFacts(proof.edges[edge].bounds(edge), np.ones(1)) for edge in graph.specs}
    return IntegerModel(graph, edges, proof.accumulators, tuple(f"class {i}" for i in range(classes)))


def _drop_unused(make: Maker, keep: str) -> None:
    """Removes nodes at the end that nothing reads, until all but ``keep`` are read."""
    while True:
        read = {edge for node in make.nodes for edge in node.inputs} | {keep}
        unused = [node for node in make.nodes if node.name not in read]
        if not unused:
            return
        make.nodes = [node for node in make.nodes if node not in unused]
