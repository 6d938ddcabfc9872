"""Membrane shortcut: the sum of two currents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.checks import fail
from edge_snn.graph.node import Node
from edge_snn.graph.tensor import Kind, TensorSpec


@dataclass(frozen=True)
class Add(Node):
    """``y = a + b``, element by element; in an integer graph both have the same scale per channel."""

    op: ClassVar[str] = "add"
    arity: ClassVar[int] = 2

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        a, b = inputs
        self.require_kind(a, (Kind.CURRENT,), "first input")
        self.require_kind(b, (Kind.CURRENT,), "second input")
        if a.shape != b.shape:
            raise fail(self.name, f"the inputs have different shapes, {a.shape} and {b.shape}")
        return TensorSpec(a.shape, Kind.CURRENT, a.static and b.static)
