"""What a path must be before anything reads it."""

from __future__ import annotations

import stat
from pathlib import Path

from edge_snn.errors import InputError


def need_file(path: Path | str) -> None:
    """Raises InputError unless ``path`` is a plain file: pipes and devices have no size, and some have no end."""
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError as error:
        raise InputError("no such file", where=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if stat.S_ISDIR(mode):
        raise InputError("is a folder, not a file", where=str(path))
    if not stat.S_ISREG(mode):
        raise InputError("is a pipe or a device, not a file", where=str(path), hint="copy its content into a file")
