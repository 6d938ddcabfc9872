"""Small networks of codes with numbers of a file at both ends: what the tests of scores and runs share."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.border import Border
from edge_snn.graph.codes import Codes
from edge_snn.graph.facts import EdgeFacts
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.graph.layout import Slice
from edge_snn.graph.lookup import Lookup
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.node import INTEGER
from edge_snn.graph.tensor import Kind, TensorSpec
from edge_snn.passes import bounds
from edge_snn.passes.assemble import assemble
from tests.int8_files import Maker
from tests.int8_oracle import recover


def table_model(
    takes: Border, makes: Border, table: np.ndarray | None = None, first: int = 0, classes: tuple[str, ...] = ()
) -> IntegerModel:
    """Looks its inputs up and gives those from ``first`` on, as many as ``makes`` has numbers.

    Args:
        table: uint8 [256]; by default a code is looked up as itself but for the largest ones.
    """
    image = TensorSpec((1, 1, takes.size), Kind.PIXELS, static=True)
    codes = np.minimum(np.arange(256), 250).astype(np.uint8) if table is None else table
    nodes = (
        Lookup("lookup", (INPUT,), takes.zero, codes),
        Slice("slice", ("lookup",), takes.zero, (0, 0, first), (1, 1, makes.size)),
        Codes("codes", ("slice",), makes.zero),
    )
    graph = Graph("table", 1, image, nodes, INTEGER)
    proof, scales = bounds.prove(graph), {INPUT: takes.scale, "codes": makes.scale}
    facts = {edge: EdgeFacts(proof.edges[edge].bounds(edge), np.array([scales.get(edge, 1.0)])) for edge in graph.specs}
    names = classes or tuple(str(index) for index in range(makes.size))
    return IntegerModel(graph, facts, proof.accumulators, names, borders=(takes, makes))


def network() -> IntegerModel:
    """A convolution, a depthwise one, a pool, a fully connected layer and a softmax, from a file of int8."""
    net = Maker(0)
    net.softmax(net.dense(net.pool(net.depthwise(net.conv(net.input((1, 8, 8, 3), "int8", 0.05, -128), 8))), 5))
    found = recover(net)
    return assemble(found.graph, found.scales, found.borders, name="network")


def autoencoder(dtype: str = "float32", size: int = 8) -> IntegerModel:
    """Gives back what it is given, but for codes above 250; the output has another scale and zero point."""
    takes, makes = Border(dtype, 0.25, 120, (1, size)), Border(dtype, 0.5, 124, (1, size))
    codes = np.arange(256)
    table = np.minimum(np.round((codes - 120) * 0.5) + 124, 180).astype(np.uint8)
    return table_model(takes, makes, table)


def classifier(dtype: str = "int8", classes: int = 6) -> IntegerModel:
    """The outputs are the inputs."""
    border = Border(dtype, 1 / 256, 0, (1, classes))
    return table_model(border, border, np.arange(256).astype(np.uint8), classes=tuple("abcdefghij"[:classes]))


def detector(dtype: str = "float32") -> IntegerModel:
    """One output, 0 .. 1: the last of three inputs."""
    takes, makes = Border(dtype, 1 / 256, 0, (1, 3)), Border(dtype, 1 / 256, 0, (1, 1))
    return table_model(takes, makes, np.arange(256).astype(np.uint8), first=2)
