"""The first layer for cores with vector registers: 16-bit currents against 16-bit thresholds (esnn_vector_pixels.h)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.graph.conv import Conv2D
from edge_snn.graph.facts import INT16_MAX
from edge_snn.graph.neuron import Neuron
from edge_snn.plan.chain import BLOCK
from edge_snn.plan.vector import MAX_LINES, TIMESTEPS, line_marks

ROW_BYTES = 2 * BLOCK  # of a table
NARROW = 8  # channels
INT16 = (-INT16_MAX - 1, INT16_MAX)
POINTER_BYTES = 8  # at most
UPPER_SHIFT = 4


def static_thresholds(threshold: np.ndarray, timesteps: int) -> np.ndarray:
    """The smallest constant current that has fired by step k, int64 [T, channels].

    For a leak of 1/2 and reset to zero. U[k] grows with the current, so bisection finds it.
    """
    result = np.zeros((timesteps, threshold.size), np.int64)
    for last in range(timesteps):
        low, high = np.zeros(threshold.size, np.int64), threshold.astype(np.int64).reshape(-1)
        while (low < high).any():
            middle = (low + high) // 2
            membrane = middle
            for _ in range(last):
                membrane = (membrane >> 1) + middle
            fired = membrane >= threshold
            low, high = np.where(fired, low, np.minimum(middle + 1, high)), np.where(fired, middle, high)
        result[last] = high
    return result


@dataclass(frozen=True)
class Pixels:
    """How a convolution of pixels and its neuron fit 16 bits.

    Attributes:
        start: int16 [channels], where the sum of upper halves begins.
        threshold: int16 [T, channels]: least 16 upper + lower that has fired by step k.
        line: numbers in a line of the image.
        lines: height of the window.
        marks: see plan.vector.Vector.
        narrow: windows of 3x3 and up to 8 channels that are not pooled: 8 lanes, not 16.
    """

    start: np.ndarray
    threshold: np.ndarray
    line: int
    lines: int
    marks: int
    narrow: bool

    @property
    def black(self) -> tuple[int, int]:
        """The spikes of a narrow layer where all pixels are black: steps 0 and 1 in the first word, then 2 and 3."""
        current = np.clip(self.start.astype(np.int64) << UPPER_SHIFT, *INT16)
        by = [int(np.sum((current >= least).astype(np.int64) << np.arange(least.size))) for least in self.threshold]
        third = by[2] & ~by[1]
        return by[0] | by[1] << 16, by[0] | third | (by[3] & ~third) << 16

    @property
    def scratch(self) -> dict[str, int]:
        """Bytes of the scratch parts."""
        return {"lists": self.lines * 4 * self.line, "marks": self.lines * POINTER_BYTES * self.marks}


def plan_pixels(node: Conv2D, neuron: Neuron, image: tuple[int, int, int], pooled: bool) -> Pixels | None:
    """The 16-bit form of a layer that goes through tables (plan.conv.plan_table), or None where it does not fit.

    The current less the bias is 16 u + l, sums of the upper and lower halves of pixels. An offset that is a multiple of
    16 goes into u, so that the thresholds come close to 0. 16 u may saturate; it changes no comparison if no threshold
    lies within reach of l from either end of the range.
    """
    kh, _, cin, cout = node.weight.shape
    taps = node.weight.astype(np.int64).reshape(-1, cout)
    above, below = 15 * np.maximum(taps, 0).sum(axis=0), 15 * np.maximum(-taps, 0).sum(axis=0)
    least = static_thresholds(np.broadcast_to(neuron.threshold, (cout,)), TIMESTEPS) - node.bias
    offset = (least[0] + least[-1]) // 2 >> UPPER_SHIFT
    least = least - (offset << UPPER_SHIFT)
    fits = (
        np.all(np.abs(offset) + np.maximum(above, below) <= INT16_MAX)
        and np.all(least + below <= INT16_MAX)
        and np.all(least - above > -INT16_MAX - 1)
    )
    _, width, _ = image
    narrow = cout <= NARROW and node.weight.shape[:2] == (3, 3) and not pooled
    if not fits or kh > MAX_LINES or width * cin * 16 * ROW_BYTES > 1 << 16 or (pooled and cout > BLOCK):
        return None
    return Pixels((-offset).astype(np.int16), least.astype(np.int16), width * cin, kh, line_marks(node, width), narrow)
