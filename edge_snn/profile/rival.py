"""What dense int8 layers of the same shapes cost, reckoned from counts in rival.json; whole networks: measured.py."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.graph.graph import Graph
from edge_snn.graph.linear import Linear
from edge_snn.graph.macs import dense_macs
from edge_snn.graph.readout import Readout
from edge_snn.graph.tensor import Kind

FILE = Path(__file__).with_name("rival.json")
CORE_PREFIX = "Cortex-"


@dataclass(frozen=True)
class Product:
    """One dense product of a layer.

    Attributes:
        kind: "first conv", "conv", "fc", "QK^T" or "PV", or "depthwise", of which nothing is published.
        macs: multiply-accumulates of one dense pass.
        fan_in, fan_out: of a fully connected layer; else 0.
    """

    kind: str
    macs: int
    fan_in: int = 0
    fan_out: int = 0


@cache
def table() -> dict[str, Any]:
    """The published counts, their method and their rows."""
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document


def short(core: str) -> str:
    """A board's core as the tables name it: "Cortex-M4" is "M4"."""
    return core[len(CORE_PREFIX) :] if core.startswith(CORE_PREFIX) else core


def products(graph: Graph) -> dict[str, tuple[Product, ...]]:
    """The dense products of every layer with weights and every attention, by node."""
    found: dict[str, tuple[Product, ...]] = {}
    macs = dense_macs(graph)
    for node in graph.nodes:
        if isinstance(node, GradedConv) and graph.specs[node.name].positions == node.weight[..., 0, 0].size == 1:
            fan_in, fan_out = node.weight.shape[2:]
            found[node.name] = (Product("fc", macs[node.name], int(fan_in), int(fan_out)),)
        elif isinstance(node, (Conv2D, GradedConv)):
            first = graph.specs[node.inputs[0]].kind is Kind.PIXELS
            found[node.name] = (Product("first conv" if first else "conv", macs[node.name]),)
        elif isinstance(node, (Linear, Readout)):
            fan_in, fan_out = node.weight.shape
            found[node.name] = (Product("fc", macs[node.name], int(fan_in), int(fan_out)),)
        elif isinstance(node, Depthwise):
            found[node.name] = (Product("depthwise", macs[node.name]),)
        elif isinstance(node, Attention):
            half = macs[node.name] // 2
            found[node.name] = (Product("QK^T", half), Product("PV", half))
    return found


def nearest_row(product: Product) -> str:
    """Name of the row that a product is reckoned by; of two with the nearest fan-in, that with the nearest fan-out."""
    rows = {name: row for name, row in table()["rows"].items() if row["kind"] == product.kind}

    def distance(name: str) -> tuple[int, int]:
        row = rows[name]
        return abs(row.get("fan_in", 0) - product.fan_in), abs(row.get("fan_out", 0) - product.fan_out)

    return min(rows, key=distance)


def instructions(core: str, parts: tuple[Product, ...]) -> float | None:
    """Instructions the rival executes for some products in one dense pass; None where no counts are published."""
    counts = table()["instructions"].get(short(core))
    if counts is None or any(product.kind == "depthwise" for product in parts):
        return None
    total = 0.0
    for product in parts:
        row = nearest_row(product)
        total += product.macs * counts[row] / table()["rows"][row]["macs"]
    return total
