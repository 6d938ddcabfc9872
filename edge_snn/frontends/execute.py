"""Executes a ``.tflite`` with TensorFlow Lite, in a child process with limits."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edge_snn.data import npz
from edge_snn.errors import InputError
from edge_snn.frontends.child import run_child

SILENCE_SECONDS = 120.0  # without a word of progress: the file hangs the runtime
# One thread: layers are small, and two threads that spin for each other took 150 to 600 ms an image on two busy
# cores, where one takes 3.
THREADS = 1


class Refused(InputError):
    """TensorFlow Lite would not run a file."""


def execute(
    path: Path,
    images: np.ndarray,
    tensors: Sequence[int] = (),
    progress: Callable[[int], None] | None = None,
    reference: bool = False,
) -> dict[str, np.ndarray]:
    """Runs images through the file, one at a time.

    Args:
        images: [B, ..]: of any type and shape that is the model's but for a batch of 1; each becomes of its type.
        tensors: numbers of tensors to keep.
        progress: called with the number of images done.
        reference: by its reference kernels, which define the operators of int8.

    Returns:
        "output" [B, 1, classes] and "t<N>" [B, ...] for every tensor asked for.

    Raises:
        Refused: the runtime did not take the file, or ran out of memory.
        InputError: it crashed or hung.
    """

    def told(line: str) -> None:
        if progress is not None and line.isascii() and line.isdigit() and int(line) <= len(images):
            progress(int(line))

    with tempfile.TemporaryDirectory(prefix="edge_snn_") as folder:
        source, target = Path(folder) / "images.npy", Path(folder) / "out.npz"
        np.save(source, images, allow_pickle=False)
        kernels = "reference" if reference else "default"
        arguments = [str(path.resolve()), str(source), str(target), str(THREADS), kernels, *map(str, tensors)]
        done = run_child("edge_snn.frontends.worker", arguments, SILENCE_SECONDS, told)
        if done.timed_out:
            raise InputError(f"TensorFlow Lite said nothing for {SILENCE_SECONDS:.0f} s and was ended", where=str(path))
        if done.code != 0:
            if done.code > 0:
                raise Refused(f"TensorFlow Lite refused the file{done.last_words}", where=str(path))
            raise InputError(f"TensorFlow Lite was ended by signal {-done.code}{done.last_words}", where=str(path))
        wanted = ("output", *dict.fromkeys(f"t{number}" for number in tensors))
        found = npz.read(target, wanted)
        if set(found) != set(wanted) or any(len(values) != len(images) for values in found.values()):
            raise InputError("TensorFlow Lite gave no result", where=str(path))
        return found
