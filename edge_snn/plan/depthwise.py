"""Step of a depthwise convolution of codes (esnn_depthwise.h)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar

import numpy as np

from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.graph import Graph
from edge_snn.plan.digits import products
from edge_snn.plan.graded import Graded, GradedStep
from edge_snn.plan.requant import Requantiser, plan_requant

CODE_BYTES = 96 << 10  # of code for the weights of single channels, in a whole model
_FRAME_BYTES, _DIGIT_BYTES = 160, 4  # of such a channel on a core with Thumb-2: all but its digits, and one of them
MOST_TAPS = 64  # of a channel that gets code of its own
SUMS = 256  # that are kept at once, or else one line


@dataclass(frozen=True)
class DepthwiseStep(GradedStep):
    """A depthwise convolution, channel by channel, on a plane with the border around it.

    Attributes:
        image: (height, width, channels) of the input.
        out: (height, width) of the output.
        requantisers: one an output channel.
        coded: the weights of each channel become code; else sums are made by a table.
    """

    kind: ClassVar[str] = "depthwise"

    node: Depthwise
    image: tuple[int, int, int]
    out: tuple[int, int]
    requantisers: tuple[Requantiser, ...]
    coded: bool

    @property
    def sliding(self) -> bool:
        """Whether code goes down a column, and loads a code once for all windows of it."""
        return self.coded and self.node.stride[0] == 1 and self.node.dilation[0] == 1

    @cached_property
    def plane(self) -> tuple[int, int]:
        """(height, width) of the plane: all that windows see."""
        height, width = (
            (windows - 1) * stride + covered
            for windows, stride, covered in zip(self.out, self.node.stride, self.node.covered)
        )
        return height, width

    @cached_property
    def gathered(self) -> tuple[int, int]:
        """(height, width) of the input as far as windows see it."""
        height, width = (
            min(size, room - before)
            for size, room, before in zip(self.image, self.plane, self.node.padding)  # top, left
        )
        return height, width

    @property
    def lines(self) -> int:
        """Lines of windows whose sums are kept at once: a part of all without rest."""
        height, width = self.out
        return max(part for part in range(1, height + 1) if height % part == 0 and (part == 1 or part * width <= SUMS))

    @property
    def is_3x3(self) -> bool:
        """Whether :c:`esnn_depthwise_sums_3x3` takes it."""
        node = self.node
        return node.weight.shape[:2] == (3, 3) and node.stride == (1, 1) and node.dilation == (1, 1)

    @property
    def taps(self) -> np.ndarray:
        """Bytes from a window's first code to its codes, in the order of the weights: int64 [kh, kw]."""
        kh, kw = self.node.weight.shape[:2]
        down, right = self.node.dilation
        return np.arange(kh)[:, None] * (down * self.plane[1]) + np.arange(kw)[None, :] * right

    @property
    def weights(self) -> np.ndarray:
        """int64 [channels, kh * kw]."""
        kh, kw, cin, m = self.node.weight.shape
        return self.node.weight.astype(np.int64).reshape(kh * kw, cin * m).T

    @property
    def bias(self) -> np.ndarray:
        """int64 [channels], what is added to the sums of codes: with what the input's zero point takes off."""
        return np.asarray(self.node.bias.astype(np.int64) - self.node.input_zero * self.weights.sum(axis=1))

    @property
    def scratch(self) -> dict[str, int]:
        plane = self.plane[0] * self.plane[1]
        return {"plane": plane} if self.coded else {"plane": plane, "sums": 4 * self.lines * self.out[1]}


def sums_of(node: Depthwise) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest sum of each channel, int64, whatever the codes of the input are."""
    kh, kw, cin, m = node.weight.shape
    weight = node.weight.astype(np.int64).reshape(kh * kw, cin * m)
    by_low, by_high = weight * -node.input_zero, weight * (255 - node.input_zero)
    bias = node.bias.astype(np.int64)
    return bias + np.minimum(by_low, by_high).sum(axis=0), bias + np.maximum(by_low, by_high).sum(axis=0)


def code_bytes(node: Depthwise) -> int:
    """About what the code of its channels takes."""
    count = _additions(node.weight.tobytes(), node.weight.shape[0])
    return _FRAME_BYTES * node.channels + _DIGIT_BYTES * count


@lru_cache(maxsize=256)  # every layer asks about all
def _additions(weight: bytes, rows: int) -> int:
    columns = np.frombuffer(weight, np.int8).reshape(rows, -1).T  # a code meets the weights of one column
    return sum(products(column).additions for column in columns.tolist())


def coded_layers(graph: Graph) -> frozenset[str]:
    """Layers whose channels become code: those with the most positions for it, within :data:`CODE_BYTES`."""
    layers = [node for node in graph.nodes if isinstance(node, Depthwise)]
    layers.sort(key=lambda node: -graph.specs[node.name].positions)
    left, chosen = CODE_BYTES, []
    for node in layers:
        if node.weight.shape[0] * node.weight.shape[1] <= MOST_TAPS and code_bytes(node) <= left:
            left -= code_bytes(node)
            chosen.append(node.name)
    return frozenset(chosen)


def plan_depthwise(
    graph: Graph, node: Depthwise, sources: tuple[Graded, ...], output: Graded, counter: int | None
) -> DepthwiseStep:
    """The step of a depthwise convolution."""
    image, out = graph.specs[node.inputs[0]].shape, graph.specs[node.name].shape[:2]
    requantisers = plan_requant(node, *sums_of(node))
    coded = node.name in coded_layers(graph) or all(item.constant is not None for item in requantisers)
    return DepthwiseStep(node.name, sources, output, counter, node, image, out, requantisers, coded)
