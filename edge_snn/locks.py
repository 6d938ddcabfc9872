"""Locks that the operating system holds for a process: it frees them when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from edge_snn.errors import InputError

try:
    import fcntl
except ImportError:  # Windows has no flock: there nothing is locked
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"
_OWNER_BYTES = 400


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Waits until no other process is in such a block for ``folder``; without a lock where the disk has none."""
    with (folder / LOCK).open("ab") as stream:
        if fcntl is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Makes ``folder``, and holds it as long as the block runs; who holds it stands in its file :data:`LOCK`.

    Raises:
        InputError: another run holds it (says which), or it cannot be written or locked.
    """
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path)) from error
    try:
        _take(number, folder)
        with contextlib.suppress(OSError):  # a full disk: the lock holds without a name, too
            os.ftruncate(number, 0)
            os.pwrite(number, _me().encode(), 0)
        yield
        with contextlib.suppress(OSError):
            os.ftruncate(number, 0)
    finally:
        os.close(number)


def _take(number: int, folder: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        told = os.pread(number, _OWNER_BYTES, 0).decode(errors="replace")
        owner = "".join(c if c.isprintable() else " " for c in told).strip()
        raise InputError(
            f"another run writes into this folder: {owner or 'its name is not known'}",
            where=str(folder),
            hint="wait for it, or end it; edge-snn eval takes another --report folder",
        ) from None
    except OSError as error:
        raise InputError(
            f"cannot be locked: {error.strerror}", where=str(folder), hint="give a --report folder on another disk"
        ) from error


def _me() -> str:
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return f"process {os.getpid()} on {socket.gethostname()}, started {started}\n"
