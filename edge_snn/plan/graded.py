"""Steps of networks of codes: what they have in common."""

from __future__ import annotations

from dataclasses import dataclass

from edge_snn.plan.steps import Step, Stored


@dataclass(frozen=True)
class Graded(Stored):
    """Stored codes, [position][channel], a byte each, without gaps."""

    @property
    def row_bytes(self) -> int:
        return self.channels

    @property
    def position_stride(self) -> int:
        return self.channels

    @property
    def about(self) -> str:
        return "codes, uint8"


@dataclass(frozen=True)
class GradedStep(Step):
    """Makes codes of codes.

    Attributes:
        sources: what it reads.
        output: what it makes.
        counter: index of its spike counter, or None: how many of its codes are not its zero point.
    """

    sources: tuple[Graded, ...]
    output: Graded
    counter: int | None

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(source.storage for source in self.sources)

    @property
    def writes(self) -> tuple[Stored, ...]:
        return (self.output,)

    @property
    def neurons(self) -> tuple[str, ...]:
        return () if self.counter is None else (self.name,)
