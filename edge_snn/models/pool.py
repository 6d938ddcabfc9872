"""Max pooling between the stages."""

from __future__ import annotations

from typing import Any

import keras


def max_pool(inputs: Any, size: int, name: str) -> Any:
    """Max pooling, stride 2, "same": n -> ceil(n / 2); positions outside never win.

    For 3x3 windows the first one starts at -1 where n is odd and at 0 where it is even (TensorFlow's rule);
    the paper pads 1 on all sides. The converter reads the geometry from the exported file.
    """
    return keras.layers.MaxPooling2D(size, strides=2, padding="same", name=name)(inputs)
