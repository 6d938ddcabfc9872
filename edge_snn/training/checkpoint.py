"""State of a run on disk: one ``.npz`` of plain arrays and one JSON file, replaced whole after each epoch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_snn.data import npz
from edge_snn.errors import InputError
from edge_snn.files import need_file, parse_json, read_bytes, writing

STATE = "state.npz"
BEST = "best.npz"
RUN = "run.json"
MAX_JSON_BYTES = 64 << 20


def _replace(path: Path, write: Callable[[Any], Any]) -> None:
    hint = "the last whole epoch is kept: make room and add --resume"
    with writing(path, hint) as aside, aside.open("wb") as stream:
        write(stream)


def write_arrays(path: Path, arrays: Sequence[np.ndarray]) -> None:
    """Writes arrays in order, aside first and renamed when whole."""
    named = {f"a{index:04d}": array for index, array in enumerate(arrays)}
    _replace(path, lambda stream: np.savez(stream, **named))


def read_arrays(path: Path, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    """Reads what :func:`write_arrays` wrote; InputError unless number and shapes are as expected."""
    names = tuple(f"a{index:04d}" for index in range(len(shapes)))
    found = npz.read(path, names)
    if [found[name].shape for name in names if name in found] != [tuple(shape) for shape in shapes]:
        raise InputError("belongs to another model or recipe", where=str(path), hint="train into another folder")
    return [found[name] for name in names]


def write_json(path: Path, document: Any) -> None:
    """Writes JSON, aside first and renamed when whole."""
    content = json.dumps(document, indent=1).encode()
    _replace(path, lambda stream: stream.write(content))


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    need_file(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_json(path: Path) -> Any:
    """Reads JSON; InputError when it is damaged."""
    return parse_json(read_bytes(path, MAX_JSON_BYTES), str(path))
