"""A dense network without spikes, for knowledge distillation: it is trained once, teaches, and never ships."""

from __future__ import annotations

from typing import Any

import keras

from edge_snn.models.conv import conv_norm
from edge_snn.models.pool import max_pool


def build_teacher(input_shape: tuple[int, int, int], classes: int, width: int = 16) -> Any:
    """A small ResNet: ``width``, 2 and 4 times ``width`` channels, a pool and a residual block behind each rise.

    Args:
        input_shape: (height, width, channels) of the image.

    Returns:
        Keras model, pixels 0..255 float32 [B, H, W, C] to logits [B, classes]; ``spike_layers`` is empty.
    """

    def layer(x: Any, channels: int, name: str) -> Any:
        return keras.layers.ReLU(name=f"{name}_relu")(conv_norm(x, channels, name))

    image = keras.Input(input_shape, name="image")
    x = layer(keras.layers.Rescaling(1 / 255.0, name="rescale")(image), width, "stem")
    for stage in (1, 2):
        x = max_pool(layer(x, width << stage, f"stage{stage}_rise"), 2, f"stage{stage}_pool")
        inner = layer(layer(x, width << stage, f"stage{stage}_a"), width << stage, f"stage{stage}_b")
        x = keras.layers.Add(name=f"stage{stage}_add")([x, inner])
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(x)
    model = keras.Model(image, keras.layers.Dense(classes, name="head")(x), name="teacher")
    model.spike_layers = ()
    return model
