"""Step of the end of a network of codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.plan.graded import Graded
from edge_snn.plan.steps import Step


@dataclass(frozen=True)
class CodesStep(Step):
    """Codes to logits."""

    kind: ClassVar[str] = "codes"

    source: Graded

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.source.storage,)
