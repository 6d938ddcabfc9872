"""The end of a network of codes: its outputs, whatever they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.checks import check_choice
from edge_snn.graph.graded import GradedNode
from edge_snn.graph.tensor import Kind, TensorSpec

OUTPUTS = ("int8", "uint8", "float32")


@dataclass(frozen=True)
class Codes(GradedNode):
    """All codes of its input as "logits": ``code - 128``, which is int8's q, in order [y][x][channel].

    Attributes:
        output: the type that the file makes: int8 (q), uint8 (q + 128) or float32 (scale * (code - zero)).
    """

    op: ClassVar[str] = "codes"

    output: str = "int8"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self.name, "output", self.output, OUTPUTS)

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        return TensorSpec((1, 1, x.size), Kind.LOGITS, static=True)
