"""Layers whose sums fit 16 bits and are shared over time: what the chain kernels need (esnn_chain.h)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from edge_snn.graph.facts import INT16_MAX
from edge_snn.graph.graph import MAX_TIMESTEPS
from edge_snn.graph.model import IntegerModel
from edge_snn.plan.memory import aligned
from edge_snn.plan.steps import Finish, Spikes

BLOCK = 16  # outputs of a block
MAX_INPUTS = INT16_MAX - 32  # rows are numbered in int16
MAX_COLUMNS = 8  # of a window (esnn_v6m.h)


@dataclass(frozen=True)
class Columns:
    """The windows of one output row, column by column (esnn_chain_columns).

    Attributes:
        channels: of a position.
        lines, width: of a window.
        before, image, behind: columns left of the image, inside, and right of it.
    """

    channels: int
    lines: int = 1
    width: int = 1
    before: int = 0
    image: int = 1
    behind: int = 0

    @property
    def all(self) -> int:
        return self.before + self.image + self.behind

    @property
    def rows(self) -> int:
        """Rows of weights of one column."""
        return self.lines * self.channels

    @property
    def position_bytes(self) -> int:
        """Bytes of a position in the map of a part: whole blocks of 16 bits, or one byte."""
        return 1 if self.channels <= 8 else -(-self.channels // 16) * 2

    @property
    def map_bytes(self) -> int:
        """Bytes of the map of one part of a line."""
        return -(-self.image * self.position_bytes // 4) * 4


@dataclass(frozen=True)
class Chain:
    """A layer's share of the chain kernels.

    Attributes:
        inputs: rows of weights.
        columns: what they belong to.
        channels: outputs.
        order: the time step at each place of the chain.
        narrow: whether the finish is done in 16 bits as well.
        nibbles: whether all weights lie in -8 .. 7, and are stored two to a byte.
    """

    inputs: int
    columns: Columns
    channels: int
    order: tuple[int, ...]
    narrow: bool
    nibbles: bool

    @property
    def blocks(self) -> int:
        """Blocks of 16 outputs."""
        return -(-self.channels // BLOCK)

    @property
    def list_entries(self) -> int:
        """Longest list of the rows of one position, or of one row of windows."""
        return self.columns.image * self.columns.rows * most_parts(len(self.order)) + 2 * len(self.order)

    @property
    def runs_at(self) -> int:
        """Bytes from the list, int16, to the runs behind it."""
        return aligned(2 * self.list_entries)

    @property
    def list_bytes(self) -> int:
        """The list and esnn_runs_t, whose pointers may have 8 bytes."""
        return self.runs_at + 8 * (5 + MAX_TIMESTEPS + 2 * MAX_TIMESTEPS - 1)

    @property
    def mask_bytes(self) -> int:
        """Masks of one position in each line (esnn_v6m.h)."""
        return 8 * len(self.order) * self.columns.lines * -(-self.columns.channels // 32)

    @property
    def line_map(self) -> int:
        """Maps of all parts of a line."""
        return (2 * len(self.order) - 1) * self.columns.map_bytes

    @property
    def scratch(self) -> dict[str, int]:
        """Bytes of the scratch parts."""
        steps = len(self.order)
        parts = {
            "map": max(self.line_map, self.mask_bytes),
            "list": max(4 * self.list_entries, self.list_bytes),  # int32 (esnn_v6m.h); int16 elsewhere
            "totals": 8 * steps,
            "sums": 2 * steps * BLOCK,
        }
        if not self.narrow:
            parts["wide"] = 4 * steps * BLOCK
        return parts


@cache
def most_parts(steps: int) -> int:
    """The largest number of parts of the chain that one input can be listed in."""
    return max(parts(pattern, steps) for pattern in range(1 << steps))


def parts(pattern: int, steps: int) -> int:
    """Parts of the chain that an input is listed in; bit i of ``pattern``: it is active at place i.

    The longest run of ones that ends at the last place is one part (from two ones up a trunk), every other one
    is a part of its own.
    """
    run = 0
    while run < steps and pattern >> (steps - 1 - run) & 1:
        run += 1
    return bin(pattern).count("1") - max(run - 1, 0)


def default_order(steps: int) -> tuple[int, ...]:
    """Odd steps last: neurons driven evenly fire at every second step, or late."""
    return (*range(0, steps, 2), *range(1, steps, 2))


def plan_chain(
    model: IntegerModel,
    name: str,
    weight: np.ndarray,
    bias: np.ndarray,
    source: Spikes,
    finish: Finish,
    columns: Columns | None = None,
) -> Chain | None:
    """The chain of a layer, or None when its sums need 32 bits or its input is ternary.

    Args:
        weight: int8 [.., channels].
        columns: of a convolution.
    """
    inputs = weight.size // weight.shape[-1]
    columns = columns or Columns(source.channels)
    fits = model.accumulators[f"{name}.sum"].bits <= 16 and int(np.abs(bias).max(initial=0)) <= INT16_MAX
    listed = columns.all * columns.rows
    if source.ternary or not fits or listed > MAX_INPUTS or finish.steps != source.timesteps:
        return None
    order = model.edges[source.edge].order or default_order(source.timesteps)
    nibbles = bool(weight.min() >= -8 and weight.max() <= 7)
    return Chain(inputs, columns, weight.shape[-1], order, finish.narrow, nibbles)
