"""Files from and for outside: what a path must be before it is read, and writing that leaves nothing half-written."""

from __future__ import annotations

import contextlib
import json
import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_snn.errors import InputError


def need_file(path: Path | str) -> None:
    """Raises InputError unless ``path`` is a plain file: pipes and devices have no size, and some have no end."""
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError as error:
        raise InputError("no such file", where=str(path)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"cannot be read: {_reason(error)}", where=str(path)) from error
    if stat.S_ISDIR(mode):
        raise InputError("is a folder, not a file", where=str(path))
    if not stat.S_ISREG(mode):
        raise InputError("is a pipe or a device, not a file", where=str(path), hint="copy its content into a file")


def read_bytes(path: Path, most: int) -> bytes:
    """The content of a plain file of at most ``most`` bytes.

    Raises:
        InputError: no such file, a pipe or device, too large, or it cannot be read.
    """
    need_file(path)
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            data = stream.read(size + 1) if size <= most else b""  # read() takes memory for all that it is asked for
    except OSError as error:
        raise InputError(f"cannot be read: {_reason(error)}", where=str(path)) from error
    if max(size, len(data)) > most:
        raise InputError(f"is larger than {most >> 20} MB", where=str(path))
    return data


@contextmanager
def writing(path: Path, hint: str = "") -> Iterator[Path]:
    """Yields a path beside ``path`` to write to; it is renamed when the block ends well, and removed otherwise.

    Raises:
        InputError: the file or its folder cannot be written. What goes wrong while cleaning up is not told: it would
            hide the reason.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    try:
        yield aside
        os.replace(aside, path)
    except OSError as error:
        raise InputError(f"cannot be written: {_reason(error)}", where=str(path), hint=hint) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8, aside first and renamed when whole; names of files that are not UTF-8 appear with escapes.

    Raises:
        InputError: it cannot be written.
    """
    with writing(path) as aside:
        aside.write_bytes(text.encode("utf-8", "backslashreplace"))


def parse_json(data: bytes, where: str) -> Any:
    """JSON from outside, UTF-8: every key once, all numbers finite.

    Raises:
        InputError: anything else.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"has the key {twice[:60]!r} twice", where=where)
        return found

    def finite(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise InputError(f"holds a number that is not finite: {text[:20]}", where=where)
        return value

    try:
        text = data.decode("utf-8")
        return json.loads(text, object_pairs_hook=once, parse_float=finite, parse_constant=finite)
    except (ValueError, RecursionError) as error:  # InputError is neither; a number of 5,000 digits is the first
        raise InputError("is not valid JSON", where=where) from error


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
