"""Steps of pooling of codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.graded import CODES
from edge_snn.graph.graded_pool import GradedPool, Mean
from edge_snn.plan.graded import GradedStep
from edge_snn.reference.graded import requantise


@dataclass(frozen=True)
class GradedPoolStep(GradedStep):
    """Windows of codes.

    Attributes:
        rows, columns: by y (x) of the output: (first line (position) of the input, number of them), inside the image.
        width: of the input.
    """

    kind: ClassVar[str] = "graded_pool"

    node: GradedPool
    rows: tuple[tuple[int, int], ...]
    columns: tuple[tuple[int, int], ...]
    width: int


@dataclass(frozen=True)
class MeanStep(GradedStep):
    """Mean over neighbouring axes: of [groups][positions][channels].

    Attributes:
        steps: int32 [255]: the code is the number of those that are at most the sum of the codes.
    """

    kind: ClassVar[str] = "graded_mean"

    groups: int
    positions: int
    channels: int
    steps: np.ndarray


def reaches(size: int, kernel: int, stride: int, before: int, windows: int) -> tuple[tuple[int, int], ...]:
    """For each window: (first place inside, number of places inside)."""
    starts = [max(window * stride - before, 0) for window in range(windows)]
    ends = [min(window * stride - before + kernel, size) for window in range(windows)]
    return tuple((start, end - start) for start, end in zip(starts, ends))


def mean_steps(node: Mean, positions: int) -> np.ndarray:
    """Smallest sums of ``positions`` codes whose mean is at least code 1 .. 255; beyond any sum where none is.

    Returns:
        int32 [255].
    """
    wanted = np.arange(1, CODES)
    left, right = np.zeros(CODES - 1, np.int64), np.full(CODES - 1, positions * (CODES - 1) + 1)
    while (left < right).any():  # the mean never falls as the sum grows
        middle = (left + right) >> 1
        scaled = requantise(middle - positions * node.input_zero, node.multiplier, node.shift)
        reached = np.clip(scaled + node.zero, node.low, node.high) >= wanted
        right = np.where(reached, middle, right)
        left = np.minimum(np.where(reached, left, middle + 1), right)
    return right.astype(np.int32)
