"""Small float networks with every operation, made from a seed: what the tests of all stages run on."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.graph import Graph
from edge_snn.graph.linear import Linear
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.node import Node
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add
from edge_snn.graph.tensor import Kind, TensorSpec
from edge_snn.passes.convert import ConvertOptions, convert


def images(count: int, shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """Random pictures from nearly black to full contrast, uint8 [count, H, W, C]."""
    rng = np.random.default_rng(seed)
    contrast = rng.random((count, 1, 1, 1)) ** 0.5
    return (rng.integers(0, 256, (count, *shape)) * contrast).astype(np.uint8)


def transformer(
    seed: int = 0, size: int = 12, width: int = 16, heads: int = 2, timesteps: int = 4, name: str = "small"
) -> Graph:
    """A one-block A2OS2A transformer with both kinds of pooling, float, random weights."""
    rng = np.random.default_rng(seed)

    def values(*shape: int, gain: float = 2.0) -> np.ndarray:
        return (rng.normal(size=shape) * gain / np.sqrt(np.prod(shape[:-1]))).astype(np.float32)

    def conv(label: str, source: str, cin: int, cout: int) -> Conv2D:
        gain = 2.0 / 255 * 3 if source == "input" else 2.0
        bias = values(cout, gain=0.2)
        return Conv2D(label, (source,), values(3, 3, cin, cout, gain=gain), bias, (1, 1), (1, 1, 1, 1))

    def linear(label: str, source: str, cin: int, cout: int) -> Linear:
        return Linear(label, (source,), values(cin, cout), values(cout, gain=0.2))

    one = np.array([1.0], np.float32)
    nodes: list[Node] = [
        conv("stage1.conv", "input", 1, 8),
        Neuron("stage1.neuron", ("stage1.conv",), one),
        MaxPool2D("stage1.pool", ("stage1.neuron",)),
        conv("stage2.conv", "stage1.pool", 8, width),
        MaxPool2D("stage2.pool", ("stage2.conv",)),
        Neuron("rpe.neuron", ("stage2.pool",), one),
        conv("rpe.conv", "rpe.neuron", width, width),
        Add("rpe.add", ("stage2.pool", "rpe.conv")),
        Neuron("block0.neuron", ("rpe.add",), one),
        linear("block0.q", "block0.neuron", width, width),
        Neuron("block0.q.neuron", ("block0.q",), one),
        linear("block0.k", "block0.neuron", width, width),
        Relu("block0.k.relu", ("block0.k",)),
        linear("block0.v", "block0.neuron", width, width),
        Neuron("block0.v.neuron", ("block0.v",), one, polarity="ternary"),
        Attention("block0.attention", ("block0.q.neuron", "block0.k.relu", "block0.v.neuron"), heads),
        Neuron("block0.attention.neuron", ("block0.attention",), one / 2),
        linear("block0.proj", "block0.attention.neuron", width, width),
        Add("block0.add1", ("rpe.add", "block0.proj")),
        Neuron("block0.mlp.neuron", ("block0.add1",), one),
        linear("block0.fc1", "block0.mlp.neuron", width, 2 * width),
        Neuron("block0.fc1.neuron", ("block0.fc1",), one),
        linear("block0.fc2", "block0.fc1.neuron", 2 * width, width),
        Add("block0.add2", ("block0.add1", "block0.fc2")),
        Neuron("head.neuron", ("block0.add2",), one),
        Readout("head", ("head.neuron",), values(width, 10), values(10)),
    ]
    return Graph(name, timesteps, TensorSpec((size, size, 1), Kind.PIXELS, static=True), tuple(nodes))


def model(seed: int = 0, weight_bits: int = 8, **choices: int) -> IntegerModel:
    """The converted form of :func:`transformer`, calibrated on random pictures."""
    graph = transformer(seed, **choices)  # type: ignore[arg-type]
    return convert(graph, ConvertOptions(weight_bits=weight_bits), images(16, graph.image.shape, seed)).model
