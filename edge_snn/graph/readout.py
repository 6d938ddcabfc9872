"""Classifier: pooled spikes to logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.tensor import Kind, TensorSpec
from edge_snn.graph.weights import WeightedNode


@dataclass(frozen=True)
class Readout(WeightedNode):
    """Mean over time steps and positions of ``s W + b``; in an integer graph the sum, scaled bias once.

    float:   ``logits = bias + sum_k weight[k] * mean_{t,n} s[t,n,k]``
    integer: ``logits = bias + sum_{t,n,k} s[t,n,k] * weight[k]``, with bias = round(b * N * T / D).
    """

    op: ClassVar[str] = "readout"
    part: ClassVar[str] = "head"
    outputs: ClassVar[str] = "classes"

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require(x, Kind.SPIKES, Kind.TERNARY)
        return TensorSpec((1, 1, self.weight.shape[1]), Kind.LOGITS, static=True)
