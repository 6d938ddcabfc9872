"""Runs int8 files on TensorFlow Lite Micro (PyPI ``tflite-micro``), the reference that networks of codes equal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_snn.frontends import int8, tflite_file
from edge_snn.frontends.int8 import Recovered
from edge_snn.reference import run
from edge_snn.reference.executor import Result
from tests.int8_files import Int8File

ARENA_BYTES = 8 << 20


def micro(content: bytes, numbers: np.ndarray) -> list[np.ndarray]:
    """All outputs of the file for each of ``numbers`` [B, *shape of its input]: one array [B, ..] an output."""
    runtime = pytest.importorskip("tflite_micro", reason="pip install edge-snn[test]").runtime
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=ARENA_BYTES)
    count = tflite_file_outputs(content)
    found: list[list[np.ndarray]] = [[] for _ in range(count)]
    for one in numbers:
        interpreter.set_input(one, 0)
        interpreter.invoke()
        for index in range(count):
            found[index].append(interpreter.get_output(index).copy())
    return [np.stack(values) for values in found]


def tflite_file_outputs(content: bytes) -> int:
    """How many outputs a file has."""
    import tflite

    return int(tflite.Model.GetRootAs(content, 0).Subgraphs(0).OutputsLength())


def recover(net: Int8File, rounding: str = "double") -> Recovered:
    """What the front end makes of a file in the making."""
    return int8.recover(tflite_file.parse(net.bytes(), Path("made.tflite")), rounding)


def some_codes(shape: tuple[int, ...], seed: int, count: int = 4) -> np.ndarray:
    """Codes [count, *shape]: noise, and in the first two all at one end."""
    codes = np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)
    codes[0], codes[1] = 0, 255
    return codes


def feed(found: Recovered, numbers: np.ndarray) -> Result:
    """The reference's run on numbers of the file's type, all edges kept."""
    takes = found.borders[0]
    codes = takes.encode(numbers).reshape(len(numbers), *found.graph.image.shape)
    return run(found.graph, codes, keep=list(found.graph.specs))


def differences(net: Int8File, seed: int, count: int = 4) -> tuple[list[str], Result]:
    """Where our reference and TFLite Micro differ, tensor by tensor, in words; and our run."""
    found = recover(net)
    takes, makes = found.borders
    numbers = takes.decode(some_codes(takes.shape, seed, count))
    if takes.dtype == "float32":
        off = np.random.default_rng(seed).uniform(-0.49, 0.49, numbers.shape) * takes.scale
        numbers = (numbers + off).astype(np.float32)
    result = feed(found, numbers)
    kinds = {outputs[0]: kind for kind, _, outputs, _ in net.operators}
    inner = [tensor for tensor, edge in found.tensors.items() if edge != "input"]
    told = []
    for tensor, theirs in zip(inner, micro(net.bytes(*inner), numbers) if inner else []):
        offset = 0 if net.tensors[tensor].dtype == "uint8" else 128
        ours = result.edges[found.tensors[tensor]].reshape(count, -1).astype(int) - offset
        wrong = ours != theirs.reshape(count, -1)
        if wrong.any():
            told.append(f"tensor {tensor} ({kinds[tensor]}): {wrong.sum()} of {wrong.size}")
    (theirs,) = micro(net.bytes(), numbers)
    ours = makes.decode(result.logits + 128)
    if ours.dtype != theirs.dtype or not np.array_equal(ours, theirs.reshape(count, -1)):
        told.append("the output")
    return told, result
