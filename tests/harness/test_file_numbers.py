"""Numbers of the file's own type go in and come out as TensorFlow Lite Micro has them, in Python and by commands."""

from __future__ import annotations

import numpy as np
import pytest

import edge_snn
from tests.cli.test_cli import call
from tests.int8_files import random_network
from tests.int8_oracle import micro

SEEDS = range(12)


def numbers(border, seed, count=5):
    """Numbers of the file's type, floats between the codes and beyond them too."""
    rng = np.random.default_rng(seed)
    values = border.decode(rng.integers(0, 256, (count, *border.sample_shape)))
    if border.dtype == "float32":
        values = (values + rng.uniform(-0.6, 0.6, values.shape) * border.scale).astype(np.float32)
        values.flat[:3] = np.float32(border.scale) * np.array([0.5, -1.5, 1e6], np.float32)
    return values


@pytest.mark.parametrize("seed", SEEDS)
def test_outputs_are_those_of_tflite_micro(seed, tmp_path):
    content = random_network(seed, 3).bytes()
    file = tmp_path / "net.tflite"
    file.write_bytes(content)
    made = edge_snn.convert(file)
    takes, makes = made.borders
    x = numbers(takes, seed)
    (theirs,) = micro(content, x.reshape(len(x), *takes.shape))
    found = edge_snn.simulate(made, x)
    assert found.outputs.dtype == theirs.dtype == makes.dtype
    assert np.array_equal(found.outputs, theirs.reshape(found.outputs.shape))
    assert np.array_equal(found.predictions, theirs.reshape(len(x), -1).argmax(axis=1))


def test_the_seeds_have_every_type_at_both_ends():
    kinds = set()
    for seed in SEEDS:
        net = random_network(seed, 3)
        kinds |= {("in", net.tensors[0].dtype), ("out", net.tensors[-1].dtype)}
    assert kinds == {(end, dtype) for end in ("in", "out") for dtype in ("int8", "uint8", "float32")}


def test_the_commands_take_and_write_them_too(tmp_path):
    seed = next(seed for seed in SEEDS if random_network(seed, 3).tensors[0].dtype == "float32")
    content = random_network(seed, 3).bytes()
    (tmp_path / "net.tflite").write_bytes(content)
    assert call("convert", "net.tflite", cwd=tmp_path).returncode == 0
    takes = edge_snn.load(tmp_path / "net.esnn").takes
    x = numbers(takes, seed)
    np.savez(tmp_path / "numbers.npz", x=x)
    done = call("simulate", "net.esnn", "--data", "numbers.npz", "--outputs", "out.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (theirs,) = micro(content, x.reshape(len(x), *takes.shape))
    assert np.array_equal(np.load(tmp_path / "out.npz")["outputs"].ravel(), theirs.ravel())
