"""The end of a network of codes: its outputs, whatever they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.graded import GradedNode
from edge_snn.graph.tensor import Kind, TensorSpec


@dataclass(frozen=True)
class Codes(GradedNode):
    """All codes of its input as "logits": ``code - 128``, which is int8's q, in order [y][x][channel].

    What numbers the file makes of them is in :attr:`edge_snn.graph.model.IntegerModel.output`.
    """

    op: ClassVar[str] = "codes"

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        return TensorSpec((1, 1, x.size), Kind.LOGITS, static=True)
