"""Step of the softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.plan.graded import GradedStep


@dataclass(frozen=True)
class SoftmaxStep(GradedStep):
    """Softmax over the channels of each position.

    Attributes:
        powers: int32 [256]: e^-x in Q0.31 by distance from the largest code; 0 where it does not count.
    """

    kind: ClassVar[str] = "softmax"

    powers: np.ndarray
