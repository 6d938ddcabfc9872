"""Writes tests/frontends/files/variants: one computation in the many forms people write it. Needs TensorFlow.

python tools/make_frontend_variants.py tests/frontends/files/variants
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

RNG = np.random.default_rng(0)
T, SIZE, C = 4, 8, 4
FIRST = RNG.normal(0, 0.6, (3, 3, 1, C)).astype(np.float32) / 255 * 3
SECOND = RNG.normal(0, 1.2, (3, 3, C, C)).astype(np.float32)
HEAD = RNG.normal(size=(C, 3)).astype(np.float32)
# Positive, so that no head is silent; the check compares nothing behind a neuron that never fires.
Q, K, V = (np.abs(RNG.normal(0, 1, (C, C))).astype(np.float32) for _ in range(3))
THRESHOLDS = np.float32([0.5, 0.7, 1.0, 1.3])

Step = Callable[[Any, int], tuple[Any, Any]]
Layer = Callable[[Any], Any]


def neuron(step: Step, cut: str = "split", join: str = "concat", steps: int = T) -> Layer:
    """The recurrence over time, with the current taken apart by ``cut`` and the spikes joined by ``join``."""
    cuts: dict[str, Callable[[Any], list[Any]]] = {
        "split": lambda x: tf.split(x, steps, axis=0),
        "unstack": lambda x: tf.unstack(x, axis=0),
        "slice": lambda x: [x[t] for t in range(steps)],
        "slice_kept": lambda x: [x[t : t + 1] for t in range(steps)],
        "gather": lambda x: [tf.gather(x, t, axis=0) for t in range(steps)],
    }

    def run(x: Any) -> Any:
        residue, spikes = None, []
        for t, current in enumerate(cuts[cut](x)):
            spike, residue = step(current if residue is None else residue + current, t)
            spikes.append(spike)
        return tf.concat(spikes, 0) if join == "concat" else tf.stack(spikes, 0)

    return run


def hard(theta: Any = 1.0, leak: Any = 0.5) -> Step:
    """Hard reset; threshold and leak are numbers, or functions of the step."""

    def step(u: Any, t: int) -> tuple[Any, Any]:
        s = tf.cast(u >= (theta(t) if callable(theta) else theta), tf.float32)
        return s, (leak(t) if callable(leak) else leak) * u * (1.0 - s)

    return step


def ternary(above: float, below: float) -> Step:
    def step(u: Any, t: int) -> tuple[Any, Any]:
        s = tf.cast(u >= above, tf.float32) - tf.cast(u <= -below, tf.float32)
        return s, 0.5 * u * (1.0 - tf.abs(s))

    return step


def by_where(u: Any, t: int) -> tuple[Any, Any]:
    fired = u >= 1.0
    return tf.where(fired, tf.ones_like(u), tf.zeros_like(u)), tf.where(fired, tf.zeros_like(u), u / 2.0)


def by_difference(u: Any, t: int) -> tuple[Any, Any]:
    s = tf.cast(u - 1.0 >= 0.0, tf.float32)
    return s, u * 0.5 - u * 0.5 * s


def by_sign(u: Any, t: int) -> tuple[Any, Any]:
    s = tf.nn.relu(tf.sign(u - 1.0))
    return s, u * 0.5 * (1 - s)


def input_decay(h: Any, x: Any) -> Any:
    return h + (x - h) / 2.0


def decaying(x: Any) -> Any:
    """``U = H + (X - H) / 2`` (spikingjelly's decay_input): leak 1/2 and twice the threshold."""
    residue, spikes = tf.zeros_like(x[:1]), []
    for current in tf.split(x, T, axis=0):
        u = input_decay(residue, current)
        s = tf.cast(u >= 0.5, tf.float32)
        residue = u * (1.0 - s)
        spikes.append(s)
    return tf.concat(spikes, 0)


def network(
    lif: Layer,
    *,
    first: str = "after",
    readout: str = "tokens, head, time",
    second: Layer | None = None,
    before: Layer = lambda x: x,
    steps: int = T,
    head: Any = HEAD,
    kernel: Any = FIRST,
) -> Layer:
    """conv, repeat in time, neuron, perhaps a second layer and neuron, readout."""
    positions = SIZE * SIZE
    copies: dict[str, Layer] = {
        "tile": lambda x: tf.tile(x, [steps, 1, 1, 1]),
        "repeat": lambda x: tf.repeat(x, steps, axis=0),
        "stack": lambda x: tf.reshape(tf.stack([x] * steps), (steps, *x.shape[1:])),
        "broadcast": lambda x: tf.broadcast_to(x, (steps, *x.shape[1:])),
        "after": lambda x: tf.concat([x] * steps, 0),
    }
    readouts: dict[str, Layer] = {
        "tokens, head, time": lambda x: tf.reduce_mean(
            tf.reshape(tf.reduce_mean(x, [1, 2]) @ head, (steps, -1, head.shape[1])), 0
        ),
        "sum": lambda x: (tf.reduce_sum(x, [0, 1, 2])[None] * (1 / (steps * positions))) @ HEAD + np.float32([1, 2, 3]),
        "all at once": lambda x: tf.reduce_mean(x, [0, 1, 2])[None] @ HEAD,
        "head first": lambda x: tf.reduce_mean(
            tf.reshape(tf.reshape(x, (-1, C)) @ HEAD, (steps, positions, 3)), [0, 1]
        )[None],
        "time first": lambda x: tf.reduce_mean(tf.reduce_mean(tf.reshape(x, (steps, positions, C)), 0), 0)[None] @ HEAD,
        "average pool": lambda x: tf.reduce_mean(
            tf.reshape(tf.nn.avg_pool2d(x, SIZE, SIZE, "VALID"), (steps, C)) @ HEAD, 0
        )[None],
    }

    def run(x: Any) -> Any:
        x = before(x)
        if first == "before":
            x = tf.nn.conv2d(tf.concat([x] * steps, 0), kernel, 1, "SAME")
        else:
            x = tf.nn.conv2d(x, kernel, 1, "SAME")
            x = copies[first](x)
        x = lif(x)
        x = x if second is None else lif(second(x))
        return readouts[readout](x)

    return run


def scaled(x: Any) -> Any:
    return tf.nn.conv2d(x, SECOND, 1, "SAME") * np.float32([1, 0.5, 2, 1]) + np.float32([0, 0.1, -0.1, 0.2])


def padded_pool(filler: float) -> Layer:
    def run(x: Any) -> Any:
        x = tf.nn.conv2d(x, SECOND, 1, "SAME")
        x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=filler)
        return tf.nn.max_pool2d(x, 3, 2, "VALID")

    return run


def attention(kind: str, lif: Layer) -> Layer:
    """Q K^T V in different orders and orientations; the last convolution keeps the graph a chain."""
    n, heads, width = SIZE * SIZE, 2, C // 2

    def split(x: Any) -> Any:
        return tf.transpose(tf.reshape(x, (T, n, heads, width)), (0, 2, 1, 3))

    def merge(x: Any) -> Any:
        return tf.reshape(tf.transpose(x, (0, 2, 1, 3)), (T, SIZE, SIZE, C))

    def run(x: Any) -> Any:
        x = tf.reshape(x, (T, n, C))
        q, k, v = lif(x @ Q), tf.nn.relu(x @ K), lif(x @ V)
        if kind == "scores first":
            return merge(tf.matmul(tf.matmul(split(q), split(k), transpose_b=True), split(v)) * 0.5)
        if kind == "einsum":
            return merge(tf.einsum("thnm,thmd->thnd", tf.einsum("thnd,thmd->thnm", split(q), split(k)), split(v)))
        if kind == "einsum of three":
            parts = [tf.reshape(a, (T, n, heads, width)) for a in (q, k, v)]
            return tf.reshape(tf.einsum("tnhd,tmhd,tmhe->tnhe", *parts), (T, SIZE, SIZE, C))
        if kind == "transposed":
            turned = tf.matmul(split(v), split(k), transpose_a=True)
            return merge(tf.transpose(tf.matmul(turned, split(q), transpose_b=True), (0, 1, 3, 2)))
        if kind == "scaled q":
            return merge(tf.matmul(split(q) * 0.5, tf.matmul(split(k), split(v), transpose_a=True)))
        if kind == "one head":
            return tf.reshape(tf.matmul(tf.matmul(q, k, transpose_b=True), v), (T, SIZE, SIZE, C))
        if kind == "neuron per head":
            spikes = lif(tf.matmul(split(q), tf.matmul(split(k), split(v), transpose_a=True)))
            return tf.nn.conv2d(merge(spikes), SECOND, 1, "SAME")
        raise ValueError(kind)

    return run


def late(u: Any, t: int) -> tuple[Any, Any]:
    """snnTorch's default: the threshold is subtracted after the leak."""
    s = tf.cast(u >= 1.0, tf.float32)
    return s, 0.5 * u - s


def loop(x: Any) -> Any:
    """As most tutorials write it: all layers inside the loop over time."""
    first, second, total = None, None, 0.0
    for t in range(T):
        current = tf.nn.conv2d(x, FIRST, 1, "SAME")
        spikes, first = hard()(current if first is None else first + current, t)
        current = tf.nn.conv2d(spikes, SECOND, 1, "SAME")
        spikes, second = hard()(current if second is None else second + current, t)
        total += tf.reduce_mean(spikes, [1, 2]) @ HEAD
    return total / T


def flattened(lif: Layer) -> Layer:
    weight = RNG.normal(size=(SIZE * SIZE * C, 3)).astype(np.float32)

    def run(x: Any) -> Any:
        x = lif(tf.concat([tf.nn.conv2d(x, FIRST, 1, "SAME")] * T, 0))
        return tf.reduce_mean(tf.reshape(x, (T, SIZE * SIZE * C)) @ weight, 0)[None]

    return run


def dense(x: Any) -> Any:
    return tf.reduce_mean(tf.nn.relu(tf.nn.conv2d(x, FIRST, 1, "SAME")), [1, 2]) @ HEAD


def thin(lif: Layer) -> Layer:
    """A layer of one channel in front of the head."""
    kernel, head = np.abs(SECOND[..., :1]), HEAD[:1]

    def run(x: Any) -> Any:
        x = lif(tf.concat([tf.nn.conv2d(x, FIRST, 1, "SAME")] * T, 0))
        x = lif(tf.nn.conv2d(x, kernel, 1, "SAME"))
        return tf.reduce_mean(tf.reduce_mean(x, [1, 2]) @ head, 0)[None]

    return run


def convert(function: Layer, half: bool = False, shape: tuple[int | None, ...] = (1, SIZE, SIZE, 1)) -> bytes:
    signature = tf.TensorSpec(shape, tf.float32)
    concrete = tf.function(function).get_concrete_function(signature)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    if half:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lif = neuron(hard())
    good = {
        "cut-slice_kept": network(neuron(hard(), "slice_kept")),
        **{f"cut-{cut}": network(neuron(hard(), cut, "stack")) for cut in ("unstack", "slice", "gather")},
        "by-where": network(neuron(by_where)),
        "by-difference": network(neuron(by_difference)),
        "by-sign": network(neuron(by_sign)),
        "by-input-decay": network(decaying),
        "per-channel": network(neuron(hard(THRESHOLDS))),
        "leak-11-16": network(neuron(hard(leak=0.6875))),
        "leak-0": network(neuron(hard(leak=0.0))),
        "ternary-t1": network(neuron(ternary(1.0, 1.0), steps=1), steps=1),
        "image-repeated": network(lif, first="before"),
        "image-tiled": network(lif, first="tile"),
        **{f"copies-{kind}": network(lif, first=kind) for kind in ("repeat", "stack", "broadcast")},
        "one-channel": thin(lif),
        "trained-on-0-to-1": network(lif, kernel=FIRST * 255),
        "scaled": network(lif, second=scaled, before=lambda x: (x / 255.0) * 255.0),
        "pool-lowest": network(lif, second=padded_pool(-3.4e38)),
        "pool-infinite": network(lif, second=padded_pool(-np.inf)),
        **{
            f"readout-{kind.replace(' ', '-')}": network(lif, readout=kind)
            for kind in ("sum", "all at once", "head first", "time first", "average pool")
        },
        **{
            f"attention-{kind.replace(' ', '-')}": network(lif, second=attention(kind, lif))
            for kind in (
                "scores first",
                "einsum",
                "einsum of three",
                "transposed",
                "scaled q",
                "one head",
                "neuron per head",
            )
        },
    }
    bad = {
        "bad-leak-close": network(neuron(hard(leak=0.5005))),
        "bad-leak-of-one-step": network(neuron(hard(leak=lambda t: 0.25 if t == 1 else 0.5))),
        "bad-threshold-of-last-step": network(neuron(hard(lambda t: 1.0 if t < 3 else 1.0001))),
        "bad-ternary": network(neuron(ternary(1.0, 1.2))),
        "bad-pool-zero": network(lif, second=padded_pool(0.0)),
    }
    bad |= {
        "bad-loop-over-time": loop,
        "bad-late-reset": network(neuron(late)),
        "bad-flattened": flattened(lif),
        "bad-dense": dense,
        "bad-one-output": network(lif, head=HEAD[:, :1]),
    }
    shapes = {
        "bad-open-batch": (network(lif, first="tile"), (None, SIZE, SIZE, 1)),
        "bad-batch-of-four": (lambda x: lif(x * np.float32(0.01)), (4, SIZE, SIZE, 1)),
        "bad-vector": (lambda x: tf.cast(x @ HEAD >= 1.0, tf.float32), (1, C)),
    }
    for name, (function, shape) in shapes.items():
        (folder / f"{name}.tflite").write_bytes(convert(function, shape=shape))
    for name, function in {**good, **bad}.items():
        (folder / f"{name}.tflite").write_bytes(convert(function))
    (folder / "half-weights.tflite").write_bytes(convert(good["scaled"], half=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
