"""What a tensor of the file stands for, while the operators are walked in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.frontends.layout import Layout

Padding = tuple[int, int, int, int]
NO_PADDING: Padding = (0, 0, 0, 0)


class Value:
    """Base of everything a tensor can stand for."""


@dataclass(frozen=True)
class Constant(Value):
    """Known numbers."""

    data: np.ndarray


@dataclass(frozen=True)
class Pixels(Value):
    """The image, times ``scale`` plus ``offset`` (float64 [channels]), then zero-padded by ``padding``."""

    scale: np.ndarray
    offset: np.ndarray
    padding: Padding = NO_PADDING


@dataclass(frozen=True)
class Edge(Value):
    """An edge of the graph.

    Attributes:
        name: of the edge.
        layout: in which order the tensor stores it.
        padding: added so far by PAD operators (top, left, bottom, right).
        padded_with: the value it was padded with.
        scale: factor per channel (float64 [channels]) that the next layer's weights take over, or None.
    """

    name: str
    layout: Layout
    padding: Padding = NO_PADDING
    padded_with: float = 0.0
    scale: np.ndarray | None = None


@dataclass(frozen=True)
class Product(Value):
    """The product of two edges, on the way to attention, per head.

    Attributes:
        kind: "scores" (summed over channels of a head) or "context" (summed over tokens).
        first, second: names of the edges a and b.
        layout: t and heads, and what is left of a and b as axes "a" and "b".
        heads: number of heads.
        scale: constant factor.
    """

    kind: str
    first: str
    second: str
    layout: Layout
    heads: int
    scale: float = 1.0


@dataclass(frozen=True)
class Pooled(Value):
    """Spikes on the way to logits: ``factor * mean`` over the atoms that are gone, then the head if it has one.

    Attributes:
        name: of the edge of spikes.
        layout: what is left: t and n not yet averaged, c before the head or k (classes) behind it.
        scale: factor per channel before the head, float64 [channels].
        weight, bias: of the head, float64, or None before it.
    """

    name: str
    layout: Layout
    scale: np.ndarray
    weight: np.ndarray | None = None
    bias: np.ndarray | None = None
