"""Linear layer on the channels of every position (token)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.checks import check_array, fail
from edge_snn.graph.node import Node, expect_dtype
from edge_snn.graph.tensor import Kind, TensorSpec


@dataclass(frozen=True)
class Linear(Node):
    """``y[t,n,c] = bias[c] + sum_k x[t,n,k] * weight[k,c]``; BatchNorm is already folded.

    Attributes:
        weight: [cin, cout], float32, or int8 in an integer graph.
        bias: [cout], float32, or int32; added once per time step.
    """

    op: ClassVar[str] = "linear"

    weight: np.ndarray
    bias: np.ndarray

    def __post_init__(self) -> None:
        super().__post_init__()
        check_array(self.name, "weight", self.weight, ("float32", "int8"), 2)
        check_array(self.name, "bias", self.bias, ("float32", "int32"), 1)
        if self.bias.shape[0] != self.weight.shape[1]:
            raise fail(self.name, f"{self.bias.shape[0]} biases for {self.weight.shape[1]} output channels")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_kind(x, (Kind.SPIKES, Kind.TERNARY))
        if x.channels != self.weight.shape[0]:
            raise fail(self.name, f"the layer takes {self.weight.shape[0]} channels, the input has {x.channels}")
        return TensorSpec((x.shape[0], x.shape[1], self.weight.shape[1]), Kind.CURRENT, x.static)

    def check_domain(self, domain: str) -> None:
        expect_dtype(self, "weight", self.weight.dtype.name, domain, "float32", "int8")
        expect_dtype(self, "bias", self.bias.dtype.name, domain, "float32", "int32")
