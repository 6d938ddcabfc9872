"""Steps of GradedConv."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from edge_snn.graph.facts import INT16_MAX
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.plan import nibbles
from edge_snn.plan.constants import cost
from edge_snn.plan.graded import Graded, GradedStep
from edge_snn.plan.requant import Requantiser, plan_requant
from edge_snn.plan.segments import ARMV7M, Costs, Segment, choose, cut_like, lane_bound

ROWS = "rows"  # zeros are skipped, and rows of weights are added, list by list
CONSTANTS = "constants"  # the layer is code (edge_snn.plan.constants)
WIDE = "wide"  # bit by bit, where lanes or lists are too narrow
TABLE = "table"  # halves of codes select rows (edge_snn.plan.nibbles)
FORMS = (ROWS, CONSTANTS, WIDE, TABLE)
BLOCK = 16
REF_BYTES = 4
LIST_BUDGET = 3072  # entries: a line that has more in one of its images is listed in parts
MOST_ENTRY = (1 << 16) // 32  # entries count rows in 16 bits, 32 a row


def sums_of(node: GradedConv) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest sum of each channel, int64, whatever the codes of the input are."""
    weight = node.weight.astype(np.int64)
    by_low, by_high = weight * -node.input_zero, weight * (255 - node.input_zero)
    bias = node.bias.astype(np.int64)
    least, most = np.minimum(by_low, by_high), np.maximum(by_low, by_high)
    return bias + least.sum(axis=(0, 1, 2)), bias + most.sum(axis=(0, 1, 2))


@dataclass(frozen=True)
class GradedConvStep(GradedStep):
    """A convolution of codes by rows.

    Attributes:
        image: (height, width, channels) of the input.
        out: (height, width) of the output.
        segments: how codes are cut, from the highest bits down.
        requantisers: one a channel.
        form: how the kernels compute it, one of :data:`FORMS`.
        most: windows that are listed at a time, at most.
        capacity: entries that the lists have room for.
    """

    kind: ClassVar[str] = "graded_conv"

    node: GradedConv
    image: tuple[int, int, int]
    out: tuple[int, int]
    segments: tuple[Segment, ...]
    requantisers: tuple[Requantiser, ...]
    form: str
    most: int
    capacity: int

    @property
    def inputs(self) -> int:
        """Rows of a window."""
        return int(np.prod(self.node.weight.shape[:3]))

    @property
    def listed(self) -> float:
        """Inputs that are listed for a window and 16 outputs."""
        kh, kw, cin, _ = self.node.weight.shape
        return min(self.node.stride[1], kw) * kh * cin / self.blocks

    def cut_like(self, shape: tuple[tuple[bool, int], ...]) -> tuple[Segment, ...] | None:
        """See :func:`edge_snn.plan.segments.cut_like`."""
        return cut_like(shape, lane_bound(self.node.weight))

    @property
    def lists(self) -> int:
        """Lists of all segments."""
        return sum(segment.lists for segment in self.segments)

    @property
    def blocks(self) -> int:
        """Blocks of 16 outputs."""
        return -(-self.node.channels // BLOCK)

    @property
    def columns(self) -> int:
        """Columns that are listed at a time, at most."""
        return columns_of(self.node, self.most)

    @property
    def bias(self) -> np.ndarray:
        """int64 [cout], what is added to the sums of codes: with what the input's zero point takes off."""
        taps = self.node.weight.astype(np.int64).sum(axis=(0, 1, 2))
        return np.asarray(self.node.bias.astype(np.int64) - self.node.input_zero * taps)

    @property
    def scratch(self) -> dict[str, int]:
        if self.form in (CONSTANTS, WIDE):
            kh, kw, cin, _ = self.node.weight.shape
            direct = (kh, kw) == (1, 1) and not any(self.node.padding)
            window = {} if direct else {"window": kh * kw * cin}
            return {**window, "sums": 4 * BLOCK} if self.form == WIDE else window
        vectors = sum(segment.vectors for segment in self.segments)
        sizes = {"sizes": 2 * self.lists * (self.node.weight.shape[0] + 1)} if self.form == ROWS else {}
        return {
            "tally": 2 * 256,
            **sizes,
            "next": REF_BYTES * (1 + self.lists),
            "starts": REF_BYTES * self.lists * (self.columns + 1),
            "entries": 2 * self.capacity,
            "vectors": 2 * BLOCK * vectors,
            "sums": 4 * BLOCK,
        }


def columns_of(node: GradedConv, windows: int) -> int:
    """Columns of the input that neighbouring windows see."""
    return int((windows - 1) * node.stride[1] + node.weight.shape[1])


def plan_graded_conv(
    node: GradedConv,
    sources: tuple[Graded, ...],
    output: Graded,
    counter: int | None,
    image: tuple[int, int, int],
    out: tuple[int, int],
    costs: Costs = ARMV7M,
) -> GradedConvStep:
    """The step of a convolution."""
    node = undilated(node)
    kh, kw, cin, cout = node.weight.shape
    bound, inputs, blocks = lane_bound(node.weight), kh * kw * cin, -(-cout // BLOCK)
    most = out[1]
    while most > 1 and columns_of(node, most) * kh * cin > MOST_ENTRY:
        most = (most + 1) // 2
    requantisers = plan_requant(node, *sums_of(node))
    work, size = cost(node.weight, zeros_of(node), costs)
    about = (node.name, sources, output, counter, node, image, out)
    if bound > INT16_MAX or columns_of(node, most) * kh * cin > MOST_ENTRY:
        form = CONSTANTS if size <= costs.code else WIDE
        return GradedConvStep(*about, (), requantisers, form, 0, 0)
    listed = min(node.stride[1], kw) * kh * cin / blocks
    segments, spent = choose(node.seen, bound, inputs, listed, costs)
    coded = size <= costs.code and work < spent * blocks
    halves, table = nibbles.cost(node.seen, inputs, blocks, listed, costs)
    saved = ((work if coded else spent * blocks) - halves * blocks) * out[0] * out[1]
    windows = nibbles.windows_of((kh, kw, cin), node.stride[1], out[1])
    if windows > 0 and nibbles.fits(bound) and table <= costs.table and saved > nibbles.WORTH * table:
        room = len(nibbles.SEGMENTS) * columns_of(node, windows) * kh * cin
        return GradedConvStep(*about, nibbles.SEGMENTS, requantisers, TABLE, windows, room)
    if coded:
        return GradedConvStep(*about, (), requantisers, CONSTANTS, 0, 0)
    return with_segments(GradedConvStep(*about, segments, requantisers, ROWS, most, 0), segments)


def with_segments(step: GradedConvStep, segments: tuple[Segment, ...]) -> GradedConvStep:
    """A step of rows, cut like that."""
    deepest = int(np.sum([segment.entries() for segment in segments], axis=0).max())
    worst = step.columns * step.node.weight.shape[0] * step.node.weight.shape[2] * deepest
    return replace(step, segments=segments, capacity=min(worst, max(step.inputs * deepest, LIST_BUDGET)))


def zeros_of(node: GradedConv) -> float:
    """Share of inputs that are 0, as far as it is known."""
    return 0.0 if node.seen is None else float(node.seen[0] / max(1, node.seen.sum()))


def undilated(node: GradedConv) -> GradedConv:
    """The same layer with weights of 0 where its window has gaps."""
    if node.dilation == (1, 1):
        return node
    (kh, kw), (dy, dx) = node.covered, node.dilation
    weight = np.zeros((kh, kw, *node.weight.shape[2:]), np.int8)
    weight[::dy, ::dx] = node.weight
    return replace(node, weight=weight, dilation=(1, 1))
