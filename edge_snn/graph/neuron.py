"""Spiking neurons, and the ReLU that makes K."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.checks import check_array, check_choice, check_ints, fail
from edge_snn.graph.node import FLOAT, Node, expect_dtype
from edge_snn.graph.tensor import Kind, TensorSpec

POLARITIES = ("binary", "ternary")
RESETS = ("zero", "subtract", "none")


@dataclass(frozen=True)
class Neuron(Node):
    """Leaky integrate-and-fire (Guo et al. 2025, section "Neurons"), membrane U, residue H, H[-1] = 0.

    ``U[t] = H[t-1] + X[t]``. Binary: ``S = 1 if U >= theta else 0``; ternary: also ``-1 if U <= -theta``.
    The residue, with ``leak(x) = sum_s x * 2**-s`` (an arithmetic shift right, rounding to minus
    infinity, in an integer graph):

    - reset ``zero``: ``H = leak(U)`` where the neuron is silent, 0 where it fired;
    - reset ``subtract``: ``H = leak(U - theta * S)``;
    - reset ``none``: ``H = leak(U)``.

    Attributes:
        threshold: theta, [channels] or [1] for all; float32 > 0, or int32 >= 1 in an integer graph.
        leak_shifts: the shifts s; (1,) is a leak of 1/2, (0,) none at all, () forgets everything.
        reset: see above.
        polarity: "binary" or "ternary".
    """

    op: ClassVar[str] = "neuron"

    threshold: np.ndarray
    leak_shifts: tuple[int, ...] = (1,)
    reset: str = "zero"
    polarity: str = "binary"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_array(self.name, "threshold", self.threshold, ("float32", "int32"), 1)
        check_ints(self.name, "leak_shifts", self.leak_shifts, None, 0, 15)
        if len(self.leak_shifts) > 4 or len(set(self.leak_shifts)) != len(self.leak_shifts):
            raise fail(self.name, "leak_shifts must be at most four different shifts")
        if 0 in self.leak_shifts and len(self.leak_shifts) > 1:
            raise fail(self.name, "a leak above 1 makes the membrane grow without bound")
        check_choice(self.name, "reset", self.reset, RESETS)
        check_choice(self.name, "polarity", self.polarity, POLARITIES)
        if (self.threshold <= 0).any():
            raise fail(self.name, "a threshold is not above 0")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_kind(x, (Kind.CURRENT,))
        if self.threshold.shape[0] not in (1, x.channels):
            raise fail(self.name, f"{self.threshold.shape[0]} thresholds for {x.channels} channels")
        kind = Kind.SPIKES if self.polarity == "binary" else Kind.TERNARY
        return TensorSpec(x.shape, kind, static=False)

    def check_domain(self, domain: str) -> None:
        expect_dtype(self, "threshold", self.threshold.dtype.name, domain, "float32", "int32")

    @property
    def leak(self) -> float:
        """The leak as a real number, the sum of 2**-s."""
        return float(sum(2.0**-shift for shift in self.leak_shifts))


@dataclass(frozen=True)
class Relu(Node):
    """``K = min(max(X, 0), clip)``: no state. The clip is fixed at convert time, one per head.

    Attributes:
        clip: [channels] int32 in an integer graph; None in a float graph (no clip there).
    """

    op: ClassVar[str] = "relu"

    clip: np.ndarray | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clip is not None:
            check_array(self.name, "clip", self.clip, ("int32",), 1)
            if (self.clip < 1).any():
                raise fail(self.name, "a clip is below 1")

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_kind(x, (Kind.CURRENT,))
        if self.clip is not None and self.clip.shape[0] != x.channels:
            raise fail(self.name, f"{self.clip.shape[0]} clips for {x.channels} channels")
        return TensorSpec(x.shape, Kind.KEY, x.static)

    def check_domain(self, domain: str) -> None:
        if (self.clip is None) != (domain == FLOAT):
            raise fail(
                self.name,
                f"a ReLU in a graph of {domain} numbers must {'not ' * (domain == FLOAT)}have a clip",
            )
