"""Depthwise convolution of codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.graded_conv import GradedWindowNode


@dataclass(frozen=True)
class Depthwise(GradedWindowNode):
    """See :class:`RequantisedNode`; weight [kh, kw, cin, m]: output ``k * m + j`` reads input channel k only."""

    op: ClassVar[str] = "depthwise"

    @property
    def channels(self) -> int:
        return int(self.weight.shape[2] * self.weight.shape[3])
