"""Convolution with BatchNorm."""

from __future__ import annotations

from typing import Any

import keras

MOMENTUM = 0.9
EPSILON = 1e-5


def batch_norm(gain: float, name: str) -> Any:
    """BatchNorm whose gamma starts at ``gain``; it folds into the layer before it."""
    start = keras.initializers.Constant(gain)
    return keras.layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, gamma_initializer=start, name=name)


def conv_norm(inputs: Any, channels: int, name: str, gain: float = 1.0) -> Any:
    """3x3 convolution, stride 1, zero padding, no bias; then BatchNorm. [.., H, W, C] -> [.., H, W, channels]."""
    current = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False, name=name)(inputs)
    return batch_norm(gain, f"{name}_bn")(current)
