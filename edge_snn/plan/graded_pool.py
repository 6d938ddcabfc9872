"""Steps of pooling of codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.graded import CODES
from edge_snn.graph.graded_pool import GradedPool, Mean
from edge_snn.plan.graded import GradedStep
from edge_snn.plan.stairs import steps_of
from edge_snn.reference.graded import clamp, requantise


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
    """Steps of the sum of ``positions`` codes: int32 [255], see :func:`edge_snn.plan.stairs.steps_of`."""

    def code(total: np.ndarray) -> np.ndarray:
        scaled = requantise(total - positions * node.input_zero, node.multiplier, node.shift)
        return clamp(node, scaled + node.zero)

    return steps_of(code, 0, positions * (CODES - 1))
