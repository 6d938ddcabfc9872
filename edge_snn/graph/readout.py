"""Classifier: pooled spikes to logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.checks import check_array, fail
from edge_snn.graph.node import Node, expect_dtype
from edge_snn.graph.tensor import Kind, TensorSpec


@dataclass(frozen=True)
class Readout(Node):
    """Mean over time steps and positions of ``s W + b``; in an integer graph the sum, scaled bias once.

    float:   ``logits = bias + sum_k weight[k] * mean_{t,n} s[t,n,k]``
    integer: ``logits = bias + sum_{t,n,k} s[t,n,k] * weight[k]``, with bias = round(b * N * T / D).

    Attributes:
        weight: [cin, classes], float32, or int8 in an integer graph.
        bias: [classes], float32, or int32.
    """

    op: ClassVar[str] = "readout"

    weight: np.ndarray
    bias: np.ndarray

    def __post_init__(self) -> None:
        super().__post_init__()
        check_array(self.name, "weight", self.weight, ("float32", "int8"), 2)
        check_array(self.name, "bias", self.bias, ("float32", "int32"), 1)
        if self.bias.shape[0] != self.weight.shape[1]:
            raise fail(self.name, f"{self.bias.shape[0]} biases for {self.weight.shape[1]} classes")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_kind(x, (Kind.SPIKES, Kind.TERNARY))
        if x.channels != self.weight.shape[0]:
            raise fail(self.name, f"the head takes {self.weight.shape[0]} channels, the input has {x.channels}")
        return TensorSpec((1, 1, self.weight.shape[1]), Kind.LOGITS, static=True)

    def check_domain(self, domain: str) -> None:
        expect_dtype(self, "weight", self.weight.dtype.name, domain, "float32", "int8")
        expect_dtype(self, "bias", self.bias.dtype.name, domain, "float32", "int32")
