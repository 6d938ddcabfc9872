"""Linear layer on tokens with BatchNorm."""

from __future__ import annotations

from typing import Any

import keras

from edge_snn.models.conv import batch_norm


def linear_norm(inputs: Any, width: int, name: str, gain: float = 1.0) -> Any:
    """``BN(x W)``, no bias: [.., N, C] -> [.., N, width]."""
    return batch_norm(gain, f"{name}_bn")(keras.layers.Dense(width, use_bias=False, name=name)(inputs))
