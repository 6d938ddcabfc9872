"""Linear layer on the channels of every position (token)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.tensor import Kind, TensorSpec
from edge_snn.graph.weights import WeightedNode


@dataclass(frozen=True)
class Linear(WeightedNode):
    """``y[t,n,c] = bias[c] + sum_k x[t,n,k] * weight[k,c]``; BatchNorm is already folded.

    The bias is added once per time step.
    """

    op: ClassVar[str] = "linear"

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require(x, Kind.SPIKES, Kind.TERNARY)
        return TensorSpec((x.shape[0], x.shape[1], self.weight.shape[1]), Kind.CURRENT, x.static)
