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


def conv_norm(inputs: Any, channels: int, name: str, gain: float = 1.0, size: int = 3, stride: int = 1) -> Any:
    """Convolution with zero padding, no bias; BatchNorm. [.., H, W, C] -> [.., H/stride, W/stride, channels]."""
    current = keras.layers.Conv2D(channels, size, stride, padding="same", use_bias=False, name=name)(inputs)
    return batch_norm(gain, f"{name}_bn")(current)
