"""Dense networks without spikes: those that ship as int8 ``.tflite``, and a teacher that never ships."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from edge_snn.models.conv import batch_norm, conv_norm
from edge_snn.models.pool import max_pool

Shape = tuple[int, int, int]


def _layer(x: Any, channels: int, name: str, size: int = 3, stride: int = 1) -> Any:
    return keras.layers.ReLU(name=f"{name}_relu")(conv_norm(x, channels, name, size=size, stride=stride))


def _finished(image: Any, x: Any, classes: int, name: str) -> Any:
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(x)
    model = keras.Model(image, keras.layers.Dense(classes, name="head")(x), name=name)
    model.spike_layers = ()
    return model


def _image(input_shape: Shape) -> tuple[Any, Any]:
    image = keras.Input(input_shape, name="image")
    return image, keras.layers.Rescaling(1 / 255.0, name="rescale")(image)


def build_teacher(input_shape: Shape, classes: int, width: int = 16) -> Any:
    """A small ResNet: ``width``, 2 and 4 times ``width`` channels, a pool and a residual block behind each rise.

    Args:
        input_shape: (height, width, channels) of the image.

    Returns:
        Keras model, pixels 0..255 float32 [B, H, W, C] to logits [B, classes]; ``spike_layers`` is empty.
    """
    image, x = _image(input_shape)
    x = _layer(x, width, "stem")
    for stage in (1, 2):
        x = max_pool(_layer(x, width << stage, f"stage{stage}_rise"), 2, f"stage{stage}_pool")
        inner = _layer(_layer(x, width << stage, f"stage{stage}_a"), width << stage, f"stage{stage}_b")
        x = keras.layers.Add(name=f"stage{stage}_add")([x, inner])
    return _finished(image, x, classes, "teacher")


def build_resnet8(input_shape: Shape, classes: int, width: int = 16) -> Any:
    """The ResNet-8 of MLPerf Tiny (He et al. 2016): a stem and three residual blocks, the later two with stride 2.

    Arguments and result as of :func:`build_teacher`.
    """
    image, x = _image(input_shape)
    x = _layer(x, width, "stem")
    for block in (1, 2, 3):
        channels, stride = width << (block - 1), 1 if block == 1 else 2
        inner = _layer(x, channels, f"block{block}_a", stride=stride)
        inner = conv_norm(inner, channels, f"block{block}_b")
        if block > 1:
            x = conv_norm(x, channels, f"block{block}_short", size=1, stride=stride)
        x = keras.layers.Add(name=f"block{block}_add")([x, inner])
        x = keras.layers.ReLU(name=f"block{block}_relu")(x)
    return _finished(image, x, classes, "resnet8")


def build_ds_cnn(input_shape: Shape, classes: int, width: int = 64) -> Any:
    """A DS-CNN (Zhang et al. 2017): a stem of stride 2, then four times depthwise 3x3 and 1x1, the second of stride 2.

    Arguments and result as of :func:`build_teacher`.
    """
    image, x = _image(input_shape)
    x = _layer(x, width, "stem", stride=2)
    for block in (1, 2, 3, 4):
        stride = 2 if block == 2 else 1
        name = f"block{block}_depthwise"
        x = keras.layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False, name=name)(x)
        x = keras.layers.ReLU(name=f"{name}_relu")(batch_norm(1.0, f"{name}_bn")(x))
        x = _layer(x, width, f"block{block}_point", size=1)
    return _finished(image, x, classes, "ds_cnn")


NETWORKS: dict[str, Callable[..., Any]] = {"teacher": build_teacher, "resnet8": build_resnet8, "ds-cnn": build_ds_cnn}
