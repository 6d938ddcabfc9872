"""Step of the Readout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.readout import Readout
from edge_snn.plan.steps import Spikes, Step, padded

MAX_ROWS = (1 << 16) - 1  # spikes of a channel are counted in 16 bits


@dataclass(frozen=True)
class ReadoutStep(Step):
    """Spikes to logits."""

    kind: ClassVar[str] = "readout"

    node: Readout
    source: Spikes

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.source.storage,)

    @property
    def scratch(self) -> dict[str, int]:
        return {"rows": max(32, 8 * self.source.row_bytes), "sums": 8 * padded(self.node.weight.shape[1])}
