"""Steps of Linear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.linear import Linear
from edge_snn.plan.steps import FinishedStep, Spikes, padded


@dataclass(frozen=True)
class LinearStep(FinishedStep):
    """A linear layer on spikes."""

    kind: ClassVar[str] = "linear"

    node: Linear
    source: Spikes

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.source.storage, *self.finish.reads)

    @property
    def scratch(self) -> dict[str, int]:
        sums = 4 * self.source.timesteps * padded(self.node.weight.shape[1])
        return {"rows": 2 * 8 * self.source.row_bytes, "sums": sums}
