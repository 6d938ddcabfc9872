"""Steps of Linear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.linear import Linear
from edge_snn.plan.chain import Chain
from edge_snn.plan.steps import FinishedStep, Spikes, padded
from edge_snn.plan.vector import Vector


@dataclass(frozen=True)
class LinearStep(FinishedStep):
    """A linear layer on spikes.

    Attributes:
        chain: how its sums are shared over time; None where they need 32 bits.
        vector: the same for a core with vector registers.
    """

    kind: ClassVar[str] = "linear"

    node: Linear
    source: Spikes
    chain: Chain | None
    vector: Vector | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.source.storage, *self.finish.reads)

    @property
    def scratch(self) -> dict[str, int]:
        if self.vector is not None:
            return self.vector.scratch
        if self.chain is not None:
            return self.chain.scratch
        sums = 4 * self.source.timesteps * padded(self.node.weight.shape[1])
        return {"rows": 2 * 8 * self.source.row_bytes, "sums": sums}
