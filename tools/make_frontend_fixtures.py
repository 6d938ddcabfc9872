"""Writes the small .tflite files of tests/frontends/files. Needs TensorFlow: pip install 'edge-snn[train]'.

python tools/make_frontend_fixtures.py tests/frontends/files
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

RNG = np.random.default_rng(0)
WEIGHT = RNG.normal(0, 0.6, (3, 3, 1, 4)).astype(np.float32) / 255 * 3
HEAD = RNG.normal(size=(4, 3)).astype(np.float32)


def plain(u: Any, theta: float = 1.0) -> Any:
    return tf.cast(u >= theta, tf.float32)


def lif(steps: int, step: Callable[[Any, int], tuple[Any, Any]]) -> Callable[[Any], Any]:
    """A neuron over ``steps``: ``step(membrane, t)`` gives (spike, residue)."""

    def run(x: Any) -> Any:
        residue, spikes = None, []
        for t, current in enumerate(tf.split(x, steps, axis=0)):
            spike, residue = step(current if residue is None else residue + current, t)
            spikes.append(spike)
        return tf.concat(spikes, axis=0)

    return run


def hard(theta: float, leak: float) -> Callable[[Any, int], tuple[Any, Any]]:
    def step(u: Any, t: int) -> tuple[Any, Any]:
        s = plain(u, theta)
        return s, leak * u * (1.0 - s)

    return step


def soft(u: Any, t: int) -> tuple[Any, Any]:
    s = plain(u)
    return s, 0.5 * (u - s)


def greater(u: Any, t: int) -> tuple[Any, Any]:
    s = tf.cast(u > 1.0, tf.float32)
    return s, tf.where(u > 1.0, tf.zeros_like(u), u / 2.0)


def uneven(u: Any, t: int) -> tuple[Any, Any]:
    return hard(1.0 if t < 2 else 0.75, 0.5)(u, t)


def ternary(u: Any, t: int) -> tuple[Any, Any]:
    s = plain(u) - tf.cast(u <= -1.0, tf.float32)
    return s, 0.5 * u * (1.0 - tf.abs(s))


def sigmoid(u: Any, t: int) -> tuple[Any, Any]:
    s = tf.round(tf.sigmoid(u))
    return s, 0.5 * u * (1.0 - s)


def network(steps: int, neuron: Callable[[Any], Any], offset: float = 0.0) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        x = tf.nn.conv2d(x - offset if offset else x, WEIGHT, 1, "SAME")
        x = neuron(tf.concat([x] * steps, axis=0))
        x = tf.reduce_mean(x, axis=[1, 2]) @ HEAD
        return tf.reduce_mean(tf.reshape(x, (steps, -1, 3)), axis=0)

    return run


def foreign(x: Any) -> Any:
    x = tf.nn.relu(tf.nn.conv2d(x, WEIGHT, 1, "SAME"))
    return tf.nn.softmax(tf.reduce_mean(x, axis=[1, 2]) @ HEAD)


def loop(x: Any) -> Any:
    x = tf.reduce_mean(tf.nn.conv2d(x, WEIGHT, 1, "SAME"), axis=[1, 2])
    _, x = tf.while_loop(lambda step, x: tf.reduce_sum(x) < 9.0, lambda step, x: (step + 1, 2.0 * x), (0, x))
    return x @ HEAD


def convert(function: Callable[[Any], Any]) -> bytes:
    signature = tf.TensorSpec((1, 8, 8, 1), tf.float32)
    concrete = tf.function(function).get_concrete_function(signature)
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    models = {
        "t2-half": network(2, lif(2, hard(0.7, 0.5))),
        "t4-three-quarters": network(4, lif(4, hard(1.0, 0.75))),
        "t3-no-leak": network(3, lif(3, hard(1.0, 1.0))),
        "t4-soft": network(4, lif(4, soft)),
        "t4-greater": network(4, lif(4, greater)),
        "t4-ternary": network(4, lif(4, ternary)),
        "t1": network(1, plain),
        "bad-uneven": network(4, lif(4, uneven)),
        "bad-leak": network(4, lif(4, hard(1.0, 0.6))),
        "bad-sigmoid": network(4, lif(4, sigmoid)),
        "bad-offset": network(4, lif(4, hard(1.0, 0.5)), offset=128.0),
        "bad-foreign": foreign,
        "bad-loop": loop,
    }
    for name, function in models.items():
        (folder / f"{name}.tflite").write_bytes(convert(function))
    import keras

    from edge_snn.models import preset
    from edge_snn.models.export import export_tflite
    from edge_snn.models.transformer import build

    small = replace(preset("digits"), width=16, stage_channels=(4, 8, 8, 16), mlp_ratio=2)
    for kind in ("a2os2a", "ssa", "sdsa"):
        keras.utils.set_random_seed(3)
        model = build(replace(small, attention=kind))
        # Untrained, it would be silent: larger weights make every layer fire.
        model.set_weights([w * (4.0 if w.ndim == 4 else 5.0) if w.ndim > 1 else w for w in model.get_weights()])
        export_tflite(model, folder / f"transformer-{kind}.tflite")
        if kind == "a2os2a":
            model.save(folder / "transformer.keras")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
