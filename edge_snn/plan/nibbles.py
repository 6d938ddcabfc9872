"""Layers with few dense inputs by tables: each half of a code selects a row (esnn_graded_conv.h)."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.facts import INT16_MAX
from edge_snn.plan.segments import Costs, Segment, usual

ROWS = 15  # of an input: its weights times 1 .. 15
ROW_BYTES = 32
WORTH = 32  # instructions of an inference that must go for each byte of a table: flash is short where there are such
MOST_LISTED = (1 << 16) // (ROWS * ROW_BYTES)  # inputs that are listed at a time: entries count bytes in 16 bits
SEGMENTS = (Segment(False, 1, 4, 1), Segment(False, 1, 0, 1))  # as the walk sees them: a list and a vector each


def windows_of(kernel: tuple[int, ...], stride: int, width: int) -> int:
    """Windows of a line that are listed at a time: at most ``width``; 0 if not even one has room.

    Args:
        kernel: (height, width, channels).
        stride: from one window to the next.
        width: windows of a line.
    """
    columns = MOST_LISTED // (kernel[0] * kernel[2])
    return max(0, min(width, (columns - kernel[1]) // stride + 1))


def fits(bound: int) -> bool:
    """Whether lanes of 16 bits hold what a list adds up; see :func:`edge_snn.plan.segments.lane_bound`."""
    return ROWS * bound <= INT16_MAX


def cost(seen: np.ndarray | None, inputs: int, blocks: int, listed: float, costs: Costs) -> tuple[float, int]:
    """(instructions for a window and 16 outputs, bytes of the table); see :func:`edge_snn.plan.segments.choose`."""
    share = usual() if seen is None or not seen.any() else seen / seen.sum()
    halves = 2.0 - float(share[:16].sum() + share[::16].sum())
    fixed = costs.segment + costs.digit + costs.vector + costs.run
    return halves * (inputs * costs.row + listed * costs.entry) + 2 * fixed, ROWS * ROW_BYTES * inputs * blocks


def rows(weight: np.ndarray) -> np.ndarray:
    """int8 [.., cout] -> uint32 [blocks, inputs, 15, 8]: multiples 1 .. 15 of 16 outputs, two in a word."""
    flat = weight.reshape(-1, weight.shape[-1])
    room = np.zeros((flat.shape[0], -(-flat.shape[1] // 16) * 16), np.int16)
    room[:, : flat.shape[1]] = flat
    made = (
        room.reshape(flat.shape[0], -1, 16).transpose(1, 0, 2)[:, :, None] * np.arange(1, 16, dtype=np.int16)[:, None]
    )
    return np.ascontiguousarray(made.astype("<i2")).view("<u4")
