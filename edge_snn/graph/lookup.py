"""Any function of one code: activations, a change of scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.checks import check_array, fail
from edge_snn.graph.graded import CODES, GradedNode
from edge_snn.graph.tensor import Kind, TensorSpec


@dataclass(frozen=True)
class Lookup(GradedNode):
    """``code = table[code]``, element by element.

    Attributes:
        table: uint8 [256].
    """

    op: ClassVar[str] = "lookup"

    table: np.ndarray

    def __post_init__(self) -> None:
        super().__post_init__()
        check_array(self.name, "table", self.table, ("uint8",), 1)
        if self.table.shape[0] != CODES:
            raise fail(self.name, f"a table of {self.table.shape[0]} codes, there are {CODES}")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        return TensorSpec(x.shape, Kind.GRADED, static=True)
