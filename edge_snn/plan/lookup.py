"""Step of a function of one code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.lookup import Lookup
from edge_snn.plan.graded import GradedStep


@dataclass(frozen=True)
class LookupStep(GradedStep):
    """A table, code by code; the output may lie in the place of the input."""

    kind: ClassVar[str] = "lookup"

    node: Lookup
