"""What was proved about an integer model: bounds and scales of its edges, and when a shorter run may answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.graph.checks import check_array, check_int, check_ints, fail

INT32_MAX = (1 << 31) - 1
INT16_MAX = (1 << 15) - 1


@dataclass(frozen=True)
class Bounds:
    """Proved interval [low, high] of an integer quantity, for every input and time step."""

    low: int
    high: int

    def __post_init__(self) -> None:
        check_int("bounds", "low", self.low, -INT32_MAX - 1, INT32_MAX)
        check_int("bounds", "high", self.high, self.low, INT32_MAX)

    @property
    def bits(self) -> int:
        """Narrowest lane, 8, 16 or 32 bits signed, that holds every value."""
        reach = max(self.high, -self.low - 1)
        return 8 if reach < 1 << 7 else 16 if reach < 1 << 15 else 32


@dataclass(frozen=True)
class EdgeFacts:
    """What is known of one edge of an integer graph.

    Attributes:
        bounds: of its values, over all channels.
        scale: real value of 1 LSB, float64 [channels] or [1]; spikes and pixels have [1.0].
        order: of spikes, the time steps in the order in which row adds are shared (passes/sharing.py); or ().
    """

    bounds: Bounds
    scale: np.ndarray
    order: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_ints("edge", "order", self.order, None, 0, 255)
        check_array("edge", "scale", self.scale, ("float64",), 1)
        if (self.scale <= 0).any():
            raise fail("edge", "a scale is not above 0")


@dataclass(frozen=True)
class Early:
    """An early answer: a run of fewer steps comes first, and stands if its best logit is far enough ahead.

    Attributes:
        timesteps: of that run, from the start; below T.
        margin: by how much the best of its logits must lead the second; else the model is run from the start, whole.
    """

    timesteps: int
    margin: int

    def __post_init__(self) -> None:
        check_int("early", "timesteps", self.timesteps, 1, 255)
        check_int("early", "margin", self.margin, 1, INT32_MAX)
