"""Steps whose sums are a stored current: an Add or a neuron that no layer could take with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.plan.chain import BLOCK
from edge_snn.plan.steps import FinishedStep, Stream


@dataclass(frozen=True)
class CurrentStep(FinishedStep):
    """Reads a stored current and finishes it.

    Attributes:
        narrow: in 16 bits, by blocks.
        vector: by a core with vector registers, where the current lies.
    """

    kind: ClassVar[str] = "current"

    source: Stream
    narrow: bool
    vector: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.source.storage, *self.finish.reads)

    @property
    def scratch(self) -> dict[str, int]:
        if self.vector:
            return {}
        if self.narrow:
            return {"sums": 2 * self.finish.steps * BLOCK}
        return {"sums": 4 * self.finish.steps * self.source.channels}
