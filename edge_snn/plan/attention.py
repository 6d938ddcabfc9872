"""Steps of Attention, with the linear layer and ReLU of K fused in: K is never stored as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.attention import Attention
from edge_snn.graph.linear import Linear
from edge_snn.plan.chain import BLOCK, Chain
from edge_snn.plan.memory import aligned
from edge_snn.plan.steps import FinishedStep, Spikes, padded
from edge_snn.plan.vector import HEAD, Vector

HEAD_CHANNELS = (4, 8, 12, 16)  # of a head, which esnn_attention_chain takes


@dataclass(frozen=True)
class Key:
    """How K is made: a linear layer, clipped below at 0 and above.

    Attributes:
        layer: of all heads.
        relu: name of the ReLU.
        clip: int32 [channels] or [1].
    """

    layer: Linear
    relu: str
    clip: np.ndarray


@dataclass(frozen=True)
class AttentionStep(FinishedStep):
    """An attention.

    Attributes:
        chain: of the layer of K, where K and the contexts fit 16 bits; else None.
        vector: the same for a core with vector registers.
        key: how K is made from ``key_source``; None when K are the spikes themselves.
    """

    kind: ClassVar[str] = "attention"

    node: Attention
    query: Spikes
    value: Spikes
    key_source: Spikes
    key: Key | None
    chain: Chain | None
    vector: Vector | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.query.storage, self.value.storage, self.key_source.storage, *self.finish.reads)

    @property
    def fused(self) -> tuple[str, ...]:
        return (self.key.layer.name,) if self.key else ()

    @property
    def width(self) -> int:
        """Channels of a head."""
        return self.query.channels // self.node.heads

    @property
    def main_stride(self) -> int:
        """Entries of one step's first product: contexts [d][padded], or keys [d][N]."""
        inner = padded(self.width) if self.node.order == "q_kv" else self.query.positions
        return self.width * inner

    @property
    def inside(self) -> dict[str, tuple[str, int]]:
        if self.chain is None or self.vector is not None:
            return {}
        parts, at = {"mixed": ("phase", 0)}, 0
        for part, size in self._key_parts(self.chain).items():
            parts[part] = ("phase", at)
            at += aligned(size)
        return parts

    def _key_parts(self, chain: Chain) -> dict[str, int]:
        """Scratch of the first phase, in which the contexts are made."""
        return {**chain.scratch, "keys": 2 * self.query.timesteps * chain.blocks * BLOCK}

    @property
    def _key_bytes(self) -> int:
        return sum(map(aligned, self._key_parts(self.chain).values())) if self.chain else 0

    @property
    def _mixed_bytes(self) -> int:
        """Sums of the second phase, when the contexts stand."""
        return 4 * self.query.timesteps * self.chain.blocks * BLOCK if self.chain else 0

    @property
    def scratch(self) -> dict[str, int]:
        if self.vector is not None:
            context = 2 * HEAD * HEAD
            contexts = self.query.timesteps * self.node.heads * context
            return {**self.vector.scratch, "contexts": contexts, "turned": context}
        if self.chain is not None:
            contexts = 2 * self.query.timesteps * self.node.heads * self.width * self.width
            return {"phase": max(self._key_bytes, self._mixed_bytes), "contexts": contexts}
        steps, room = self.query.timesteps, padded(self.width)
        parts = {
            "rows": 2 * max(8 * self.key_source.row_bytes, 2 * room),
            "key": 4 * room,
            "sums": 4 * steps * room,
            "main": 4 * steps * self.main_stride,
        }
        if self.node.order == "qk_v":
            parts["scores"] = 4 * self.query.positions
        return parts
