"""``.keras`` files: exported to ``.tflite`` in a child process, which needs the ``train`` extra."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

from edge_snn.errors import InputError, ToolMissingError

MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
MAX_BYTES = 2 << 30
SECONDS = 600

_EXPORT = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from pathlib import Path
import edge_snn.models.transformer  # registers the layers
import keras
from edge_snn.models.export import export_tflite
export_tflite(keras.saving.load_model(sys.argv[1], compile=False, safe_mode=True), Path(sys.argv[2]))
"""


def export(path: Path, target: Path) -> None:
    """Writes the ``.tflite`` of a ``.keras`` file.

    Raises:
        InputError: not a .keras file, damaged, or with layers that are not registered.
        ToolMissingError: TensorFlow is not installed.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = {entry.filename for entry in archive.infolist()}
            size = sum(entry.file_size for entry in archive.infolist())
            damaged = archive.testzip() if names >= MEMBERS and size <= MAX_BYTES else None
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise InputError("not a .keras file, or a damaged one", where=str(path)) from error
    except Exception as error:  # zlib.error
        raise InputError("damaged .keras file", where=str(path)) from error
    if not names >= MEMBERS or size > MAX_BYTES or damaged:
        raise InputError("not a .keras file (Keras 3), or a damaged one", where=str(path))
    if importlib.util.find_spec("tensorflow") is None or importlib.util.find_spec("keras") is None:
        raise ToolMissingError(
            "reading .keras needs TensorFlow",
            where=str(path),
            hint="pip install 'edge-snn[train]'; or, where it is installed, export once with:\n"
            f"    edge-snn export {path.name} -o {path.stem}.tflite\n  and convert that file here",
        )
    try:
        done = subprocess.run(
            [sys.executable, "-c", _EXPORT, str(path), str(target)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"could not be exported within {SECONDS} s", where=str(path)) from error
    if done.returncode != 0 or not target.exists():
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        last = lines[-1][:200] if lines else f"exit {done.returncode}"
        raise InputError(f"Keras could not load or export it: {last}", where=str(path))
