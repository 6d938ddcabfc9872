"""Addition-only spiking self-attention, without softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.checks import check_choice, check_int, fail
from edge_snn.graph.node import FLOAT, Node
from edge_snn.graph.tensor import Kind, TensorSpec

ORDERS = ("qk_v", "q_kv")


@dataclass(frozen=True)
class Attention(Node):
    """``y[t] = scale * (Q[t] K[t]^T) V[t]`` per head (Guo et al. 2025, A2OS2A, before its neuron).

    Inputs are the edges Q (spikes), K (key >= 0, or spikes) and V (ternary or spikes), each of shape
    (height, width, channels). Head h owns channels h*d .. h*d+d-1 with d = channels / heads.

    Attributes:
        heads: number of heads.
        order: "qk_v" computes (Q K^T) V, "q_kv" computes Q (K^T V); equal in exact integers.
        scale: 1.0, or a real factor in a float graph that the converter folds into thresholds.
    """

    op: ClassVar[str] = "attention"
    arity: ClassVar[int] = 3

    heads: int
    order: str = "q_kv"
    scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int(self.name, "heads", self.heads, 1, 1024)
        check_choice(self.name, "order", self.order, ORDERS)
        if not isinstance(self.scale, float) or not 0.0 < self.scale < 1e6:
            raise fail(self.name, f"scale must be a positive number, not {str(self.scale)[:40]}")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        q, k, v = inputs
        self.require_kind(q, (Kind.SPIKES,), "Q")
        self.require_kind(k, (Kind.KEY, Kind.SPIKES), "K")
        self.require_kind(v, (Kind.TERNARY, Kind.SPIKES), "V")
        if not q.shape == k.shape == v.shape:
            raise fail(self.name, f"Q, K, V have different shapes: {q.shape}, {k.shape}, {v.shape}")
        if q.channels % self.heads:
            raise fail(self.name, f"{q.channels} channels do not divide into {self.heads} heads")
        return TensorSpec(q.shape, Kind.CURRENT)

    def check_domain(self, domain: str) -> None:
        if domain != FLOAT and self.scale != 1.0:
            raise fail(self.name, "a graph of integers has no scale in its attention")
