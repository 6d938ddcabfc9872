"""Step of a sum of codes: what each code of the two inputs adds, as tables whose sums, shifted, are the outputs.

TFLite rounds three times. The tables undo that: their entries are moved by a few units until the shifted sum of every
pair of codes is the output; each pair bounds the sum of two entries from below and above, so that entries that fit all
of them are found as shortest paths are, and none exist where a circle of bounds contradicts itself (never met).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.facts import INT32_MAX
from edge_snn.graph.graded_add import GradedAdd
from edge_snn.plan.graded import GradedStep
from edge_snn.plan.stairs import steps_of
from edge_snn.reference.graded_add import finish, tables

BITS = 12  # behind the point: ESNN_ADD_BITS
_ROUNDS = 600  # more than the edges of the longest path that is no circle
_FREE = 1 << 40


@dataclass(frozen=True)
class GradedAddStep(GradedStep):
    """Sum of two tensors of codes.

    Attributes:
        of_a, of_b: int32 [256], what each code adds.
        steps: int32 [255] where the output is the number of those that are at most the sum; or None: then the sum is
            shifted right by :data:`BITS` and clamped to low .. high.
    """

    kind: ClassVar[str] = "graded_add"

    of_a: np.ndarray
    of_b: np.ndarray
    steps: np.ndarray | None
    low: int
    high: int


def plan_add(node: GradedAdd) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Tables int32 [256] of both inputs, and None; or the exact ones and steps, where no others are found."""
    of_a, of_b = tables(node)
    found = _shifted_tables(node, of_a, of_b)
    if found is not None:
        return (*found, None)
    low, high = int(of_a.min() + of_b.min()), int(of_a.max() + of_b.max())
    steps = steps_of(lambda total: finish(node, total), low, high)
    return of_a.astype(np.int32), of_b.astype(np.int32), steps


def _shifted_tables(node: GradedAdd, of_a: np.ndarray, of_b: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Tables whose sums, shifted and clamped, are the outputs of all pairs; or None."""
    outputs = finish(node, of_a[:, None] + of_b[None, :]).astype(np.int64)
    least = np.where(outputs > node.low, outputs << BITS, -_FREE)
    most = np.where(outputs < node.high, ((outputs + 1) << BITS) - 1, _FREE)
    slope = float(node.multiplier[2]) * 2.0 ** (int(node.shift[2]) - 31 + BITS)
    if slope * max(np.abs(of_a).max(), np.abs(of_b).max()) > INT32_MAX // 3:
        return None
    a = np.rint(of_a * slope + (node.zero + 0.5) * (1 << BITS)).astype(np.int64)
    minus_b = np.rint(-of_b * slope).astype(np.int64)
    for _ in range(_ROUNDS):
        lower_a = np.minimum(a, (minus_b[None, :] + most).min(axis=1))
        lower_b = np.minimum(minus_b, (lower_a[:, None] - least).min(axis=0))
        if np.array_equal(lower_a, a) and np.array_equal(lower_b, minus_b):
            return a.astype(np.int32), (-minus_b).astype(np.int32)
        a, minus_b = lower_a, lower_b
    return None
