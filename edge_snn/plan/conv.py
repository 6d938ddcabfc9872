"""Steps of Conv2D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.conv import Conv2D
from edge_snn.plan.chain import Chain
from edge_snn.plan.steps import FinishedStep, Spikes, padded


@dataclass(frozen=True)
class ConvStep(FinishedStep):
    """A convolution of pixels (``source`` is None) or of spikes.

    Attributes:
        image: (height, width, channels) of the input.
        out: (height, width) of the output.
        chain: how its sums are shared over time; None for pixels, and where they need 32 bits.
    """

    kind: ClassVar[str] = "conv2d"

    node: Conv2D
    source: Spikes | None
    source_storage: str
    image: tuple[int, int, int]
    out: tuple[int, int]
    chain: Chain | None

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.source_storage, *self.finish.reads)

    @property
    def scratch(self) -> dict[str, int]:
        if self.chain is not None:
            return self.chain.scratch
        kh, kw, cin, cout = self.node.weight.shape
        # Pixels: two lists of rows and the pixels themselves. Spikes: one list, with room for whole bytes.
        rows = 5 * kh * kw * cin if self.source is None else 2 * kh * kw * 8 * self.source.row_bytes
        return {"rows": rows, "sums": 4 * self.finish.steps * padded(cout)}
