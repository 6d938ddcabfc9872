"""Executes a ``.tflite`` with TensorFlow Lite, in a child process with limits."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edge_snn.data import npz
from edge_snn.errors import InputError

SECONDS_TO_START = 60
SECONDS_AN_IMAGE = 20


def execute(
    path: Path,
    images: np.ndarray,
    tensors: Sequence[int] = (),
    progress: Callable[[int], None] | None = None,
) -> dict[str, np.ndarray]:
    """Runs images through the file, one at a time.

    Args:
        images: uint8 [B, H, W, C], given to the model as float32 0..255.
        tensors: numbers of tensors to keep.

    Returns:
        "output" [B, 1, classes] and "t<N>" [B, ...] for every tensor asked for.

    Raises:
        InputError: the runtime crashed, hung or refused the file.
    """
    with tempfile.TemporaryDirectory(prefix="edge_snn_") as folder:
        source, target = Path(folder) / "images.npy", Path(folder) / "out.npz"
        np.save(source, images, allow_pickle=False)
        command = [sys.executable, "-m", "edge_snn.frontends.worker", str(path), str(source), str(target)]
        command += [str(number) for number in tensors]
        with (Path(folder) / "stderr").open("w+") as errors:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
            limit = SECONDS_TO_START + SECONDS_AN_IMAGE * len(images)
            timer = threading.Timer(limit, child.kill)
            timer.start()
            try:
                assert child.stdout is not None
                for line in child.stdout:
                    if progress is not None and line.strip().isdigit():
                        progress(int(line))
                code = child.wait()
            finally:
                timer.cancel()
                if child.poll() is None:
                    child.kill()
                    child.wait()
            errors.seek(0)
            said = [line for line in errors.read()[-4000:].splitlines() if line.strip()]
        if code != 0:
            reason = f"was ended by signal {-code}" if code < 0 else "refused the file"
            last = f": {said[-1][:160]}" if said else ""
            raise InputError(f"TensorFlow Lite {reason}{last}", where=str(path))
        return npz.read(target, ("output", *(f"t{number}" for number in tensors)))
