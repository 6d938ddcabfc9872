"""Damaged .tflite files end as one InputError: no crash, no hang, no traceback."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest

from edge_snn import frontends
from edge_snn.errors import InputError
from edge_snn.frontends.execute import execute

FILES = Path(__file__).parent / "files"


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Flips bytes, mostly in the structure at the ends, overwrites words, or cuts."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 12)):
        where = rng.randrange(len(out)) if rng.random() < 0.4 else rng.randrange(min(len(out), 4000))
        where = where if rng.random() < 0.6 else len(out) - 1 - where
        if rng.random() < 0.5:
            out[where] = rng.randrange(256)
        else:
            word = rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, rng.randrange(2**32)])
            out[where : where + 4] = word.to_bytes(4, "little")
    if rng.random() < 0.15:
        del out[rng.randrange(8, len(out)) :]
    return bytes(out)


@pytest.mark.parametrize("name", ["transformer-a2os2a", "t4-ternary"])
def test_mutated_files_end_in_one_clear_error(tmp_path, name):
    original = (FILES / f"{name}.tflite").read_bytes()
    rng = random.Random(name)
    path = tmp_path / "mutated.tflite"
    refused, started = 0, time.monotonic()
    for _ in range(200):
        path.write_bytes(mutate(original, rng))
        try:
            frontends.read(path, check=False)
        except InputError as error:
            refused += str(path) in str(error)
    assert refused > 60, "the mutations hardly damage anything: the test tests nothing"
    assert time.monotonic() - started < 120


def test_mutated_files_that_parse_are_executed_in_a_child(tmp_path):
    """Weights may be changed and the file still be a model; the runtime must not take us with it."""
    original = (FILES / "t4-ternary.tflite").read_bytes()
    rng = random.Random(1)
    path = tmp_path / "mutated.tflite"
    outcomes = []
    for _ in range(12):
        path.write_bytes(mutate(original, rng))
        try:
            frontends.read(path)
            outcomes.append("read")
        except InputError:
            outcomes.append("refused")
    assert len(outcomes) == 12


def test_a_runtime_that_fails_is_reported(tmp_path):
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(100))
    with pytest.raises(InputError, match=r"TensorFlow Lite (was ended by signal|refused the file)"):
        execute(path, np.zeros((1, 8, 8, 1), np.uint8))


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x1c\0\0\0TFL3", b"GIF89a" + b"\0" * 50, b"\0" * 100])
def test_foreign_files_are_refused(tmp_path, content):
    path = tmp_path / "foreign.tflite"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"not a \.tflite|damaged"):
        frontends.read(path)
