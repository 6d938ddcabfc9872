"""Step of the Readout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.readout import Readout
from edge_snn.plan.steps import Spikes, Step, padded

SPARE_ROWS = 256  # rows of several steps are added at once


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
        return {"rows": 2 * (SPARE_ROWS + 8 * self.source.row_bytes), "sums": 4 * padded(self.node.weight.shape[1])}
