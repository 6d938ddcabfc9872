"""Standard output and error that cannot change how a command ends: exit codes tell of the work, not of a pipe."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Sink(io.RawIOBase):
    """A file descriptor. From the first failed write on, what is written goes nowhere.

    Attributes:
        failure: what went wrong, or None. A reader that left (``| head``) is no failure.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._open = True
        self.failure: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data) -> int:  # type: ignore[no-untyped-def]  # any buffer, as in io.RawIOBase
        if self._open:
            try:
                return os.write(self._descriptor, data)
            except BrokenPipeError:
                self._open = False
            except OSError as error:
                self._open, self.failure = False, error
        return len(memoryview(data).cast("B"))


def _have_standard_streams() -> None:
    """Opens what a caller closed (``>&-``): else the next file that is opened would become standard output."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free


def _is_real(name: str, descriptor: int) -> bool:
    """Whether sys.stdout or sys.stderr is the program's own, not something that a caller put in its place."""
    stream = getattr(sys, name)
    if stream is None:
        return True
    try:
        return bool(stream.fileno() == descriptor)
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def guarded() -> Iterator[dict[str, Sink]]:
    """Puts :class:`Sink` under both streams; yields them by name. What a terminal cannot show appears as escapes."""
    _have_standard_streams()
    sinks: dict[str, Sink] = {}
    before = {name: getattr(sys, name) for name in ("stdout", "stderr")}
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        if _is_real(name, descriptor):
            old = before[name]
            if old is not None:
                old.flush()
            sink = sinks[name] = Sink(descriptor)
            lines = name == "stderr" or sink.isatty()
            encoding = getattr(old, "encoding", None) or "utf-8"
            text = io.TextIOWrapper(io.BufferedWriter(sink), encoding, "backslashreplace", line_buffering=lines)
            setattr(sys, name, text)
    try:
        yield sinks
    finally:
        for name in sinks:
            getattr(sys, name).flush()
            setattr(sys, name, before[name])
