"""Steps of Conv2D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.conv import Conv2D
from edge_snn.graph.facts import INT16_MAX, Bounds
from edge_snn.plan.chain import BLOCK, Chain, most_parts
from edge_snn.plan.memory import aligned
from edge_snn.plan.pixels import Pixels, static_thresholds
from edge_snn.plan.steps import Finish, FinishedStep, Spikes, padded
from edge_snn.plan.vector import Vector

TABLE_BYTES = 1 << 16  # a row of a table is numbered in 16 bits, and flash is dear
POOL_LIMIT = 1 << 14


@dataclass(frozen=True)
class Table:
    """How pixels go through tables of multiples of their weights (esnn_conv2d_table).

    Attributes:
        least: int64 [4, channels], the smallest constant current that has fired by each step.
    """

    least: np.ndarray


def plan_table(node: Conv2D, finish: Finish, timesteps: int) -> Table | None:
    """The table of a convolution of pixels where sums of half pixels fit 16 bits and a neuron follows; else None."""
    neuron = finish.neuron
    taps = node.weight.astype(np.int64).reshape(-1, node.weight.shape[-1])
    reach = 15 * max(int(np.maximum(taps, 0).sum(axis=0).max()), int(np.maximum(-taps, 0).sum(axis=0).max()))
    size = 16 * taps.shape[0] * -(-taps.shape[1] // BLOCK) * BLOCK * 2
    if not finish.blocks or neuron is None or neuron.node.polarity != "binary":
        return None
    if reach > INT16_MAX or size > TABLE_BYTES:
        return None
    # With T = 2 the later two are those of the last step: what fires by then sets planes that nobody reads.
    steps = np.minimum(np.arange(4), timesteps - 1)
    return Table(static_thresholds(np.broadcast_to(neuron.node.threshold, (taps.shape[1],)), 4)[steps])


def pooled_in_lanes(sums: Bounds, finish: Finish) -> bool:
    """Whether sums are pooled as they are, and fit 15 bits."""
    fits = sums.low > -POOL_LIMIT and sums.high < POOL_LIMIT
    return fits and finish.pooled is not None and not finish.pooled.wide and finish.residual is None


@dataclass(frozen=True)
class ConvStep(FinishedStep):
    """A convolution of pixels (``source`` is None) or of spikes.

    Attributes:
        image: (height, width, channels) of the input.
        out: (height, width) of the output.
        table: pixels go through tables; else None.
        chain: how its sums are shared over time; None for pixels, and where they need 32 bits.
        pool_lanes: sums are pooled in 15 bits.
        vector: the same for a core with vector registers.
        pixels: how a table serves such a core.
    """

    kind: ClassVar[str] = "conv2d"

    node: Conv2D
    source: Spikes | None
    source_storage: str
    image: tuple[int, int, int]
    out: tuple[int, int]
    chain: Chain | None
    pool_lanes: bool
    table: Table | None
    vector: Vector | None = None
    pixels: Pixels | None = None

    @property
    def column_bytes(self) -> int:
        """List of one column of the window, int32 (esnn_v6m.h)."""
        kh, _, cin, _ = self.node.weight.shape
        return 4 * (kh * cin * most_parts(self.finish.steps) + 2 * self.finish.steps)

    def _parts(self, chain: Chain) -> tuple[dict[str, int], ...]:
        """What shares the room for lists: maps of lines and the list of a window, or lists of columns (esnn_v6m.h)."""
        kh, kw = self.node.weight.shape[:2]
        starts = 8 * (2 * len(chain.order) - 1) * (chain.columns.all + 1)
        maps = {"map": (kh + 1) * chain.line_map, "list": chain.list_bytes, "starts": starts, "slots": 24 * kh}
        return maps, {"columns": self.column_bytes * kw, "masks": chain.mask_bytes}

    @property
    def inside(self) -> dict[str, tuple[str, int]]:
        if self.chain is None or self.vector is not None:
            return {}
        places = {}
        for parts in self._parts(self.chain):
            at = 0
            for part, size in parts.items():
                places[part] = ("lists", at)
                at += aligned(size)
        return places

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.source_storage, *self.finish.reads)

    @property
    def scratch(self) -> dict[str, int]:
        if self.pixels is not None:
            return self.pixels.scratch
        if self.vector is not None:
            return self.vector.scratch
        if self.chain is not None:
            rest = {part: size for part, size in self.chain.scratch.items() if part not in ("map", "list")}
            lists = (sum(aligned(size) for size in parts.values()) for parts in self._parts(self.chain))
            return {**rest, "lists": max(lists)}
        kh, kw, cin, cout = self.node.weight.shape
        # Pixels: two lists of rows and the pixels themselves. Spikes: one list, with room for whole bytes.
        if self.table is not None:
            return {"upper": 2 * kh * kw * cin, "lower": 2 * kh * kw * cin}
        rows = 5 * kh * kw * cin if self.source is None else 2 * kh * kw * 8 * self.source.row_bytes
        return {"rows": rows, "sums": 4 * self.finish.steps * padded(cout)}
