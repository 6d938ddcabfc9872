"""What a tensor of the file stands for, while the operators are walked in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


class Value:
    """Base of everything a tensor can stand for."""


@dataclass(frozen=True)
class Constant(Value):
    """Known numbers."""

    data: np.ndarray


@dataclass(frozen=True)
class Pixels(Value):
    """The image, times ``scale`` plus ``offset`` (each [channels] or scalar), zero-padded by ``padding``."""

    scale: np.ndarray
    offset: np.ndarray
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True)
class Edge(Value):
    """An edge of the graph, all time steps along axis 0 (or one, if static).

    Attributes:
        name: of the edge.
        padding: spikes or currents padded so far by a PAD operator (top, left, bottom, right).
        padded_with: the value they were padded with.
    """

    name: str
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    padded_with: float = 0.0


@dataclass(frozen=True)
class Heads(Value):
    """An edge [T, N, D] seen as [T, N, heads, d] (stage "split"), [T, heads, N, d] or, transposed, [T, heads, d, N]."""

    name: str
    heads: int
    stage: str  # "split", "heads", "transposed"


@dataclass(frozen=True)
class Product(Value):
    """A product on the way to attention: "scores" Q K^T, "context" K^T V, "mixed", or "merged" [T, N, heads, d]."""

    stage: str
    heads: int
    parts: tuple[str, ...]
    scale: float = 1.0


@dataclass(frozen=True)
class Pooled(Value):
    """Spikes on the way to logits: averaged over tokens and time, weighted by the head."""

    name: str
    over_tokens: bool
    over_time: bool
    weight: np.ndarray | None = None
    bias: np.ndarray | None = None
