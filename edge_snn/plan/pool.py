"""Pooling: which windows contain a position, and the step that pools stored spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.conv import window_output
from edge_snn.graph.pool import MaxPool2D
from edge_snn.plan.steps import Spikes, Step, Stored, Window


def spans(size: int, kernel: int, stride: int, before: int, after: int) -> tuple[tuple[int, int], ...]:
    """For each of ``size`` places: (first window that contains it, number of windows)."""
    windows = window_output(size, kernel, stride, before, after)
    result = []
    for place in range(size):
        inside = [w for w in range(windows) if w * stride - before <= place < w * stride - before + kernel]
        result.append((inside[0] if inside else 0, len(inside)))
    return tuple(result)


def window(node: MaxPool2D, shape: tuple[int, int, int]) -> Window:
    """The scatter of a pool on an input (height, width, channels)."""
    top, left, bottom, right = node.padding
    return Window(
        spans(shape[0], node.size[0], node.stride[0], top, bottom),
        spans(shape[1], node.size[1], node.stride[1], left, right),
        window_output(shape[1], node.size[1], node.stride[1], left, right),
    )


@dataclass(frozen=True)
class PoolStep(Step):
    """Pools spikes that are stored because others read them too."""

    kind: ClassVar[str] = "max_pool2d"

    source: Spikes
    output: Spikes
    window: Window
    image: tuple[int, int, int]

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.source.storage,)

    @property
    def writes(self) -> tuple[Stored, ...]:
        return (self.output,)
