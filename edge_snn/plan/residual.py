"""Steps whose sums are a stored current: an Add or a neuron that no layer could take with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.plan.steps import FinishedStep, Stream


@dataclass(frozen=True)
class CurrentStep(FinishedStep):
    """Reads a stored current and finishes it."""

    kind: ClassVar[str] = "current"

    source: Stream

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.source.storage, *self.finish.reads)

    @property
    def scratch(self) -> dict[str, int]:
        return {"sums": 4 * self.finish.steps * self.source.channels}
