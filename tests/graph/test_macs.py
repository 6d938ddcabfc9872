"""Dense multiply-accumulates of layers of codes, counted by hand, and what is published of their like."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.codes import Codes
from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.graph.graded_pool import GradedPool
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.graph.macs import dense_macs
from edge_snn.graph.node import INTEGER
from edge_snn.graph.tensor import Kind, TensorSpec
from edge_snn.profile.rival import Product, products


def layer(cls, name, source, shape, stride=(1, 1), padding=(0, 0, 0, 0)):
    weight = np.ones(shape, np.int8)
    channels = shape[2] * shape[3] if cls is Depthwise else shape[3]
    bias = np.zeros(channels, np.int32)
    multiplier, shift = np.full(channels, 1 << 30, np.int32), np.zeros(channels, np.int32)
    return cls(name, (source,), 0, 0, 255, 0, weight, bias, multiplier, shift, stride=stride, padding=padding)


def test_layers_of_codes():
    nodes = (
        layer(GradedConv, "first", INPUT, (3, 3, 3, 8), (2, 2), (0, 0, 1, 1)),  # 8x8x3 -> 4x4x8
        layer(Depthwise, "wide", "first", (3, 3, 8, 2), (1, 1), (1, 1, 1, 1)),  # -> 4x4x16
        layer(GradedConv, "narrow", "wide", (1, 1, 16, 5)),
        GradedPool("pool", ("narrow",), 0, 0, 255, "average", (4, 4), (4, 4)),
        layer(GradedConv, "last", "pool", (1, 1, 5, 7)),
        Codes("codes", ("last",), 0),
    )
    graph = Graph("macs", 1, TensorSpec((8, 8, 3), Kind.PIXELS, static=True), nodes, INTEGER)
    assert dense_macs(graph) == {
        "first": 4 * 4 * 8 * 3 * 3 * 3,
        "wide": 4 * 4 * 16 * 3 * 3,
        "narrow": 4 * 4 * 16 * 5,
        "last": 5 * 7,
    }
    kinds = {name: parts[0].kind for name, parts in products(graph).items()}
    assert kinds == {"first": "first conv", "wide": "depthwise", "narrow": "conv", "last": "fc"}
    assert products(graph)["last"] == (Product("fc", 35, 5, 7),)
    assert [(item.name, item.kind, item.counters) for item in graph.counted] == [
        (name, "graded", 1) for name in ("first", "wide", "narrow", "last")
    ]
