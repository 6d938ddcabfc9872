"""Writes the journal of a run, line by line, and never over results that are nowhere else.

Results are appended as they arrive. Whatever ends the run, at most the line being written is lost, and
that is seen by its CRC.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from edge_snn.errors import InputError
from edge_snn.files import need_file
from edge_snn.harness.journal import MAX_LINE, Header, decode, encode

PREVIOUS = "journal.previous.jsonl"


class JournalError(InputError):
    """A result cannot be written: the disk is full, or gone. What was written before is there."""


class Journal:
    """A journal being written; use as a context manager.

    Attributes:
        kept: name of the file in which an unfinished journal that was in the way is kept now, or "".
    """

    def __init__(self, path: Path, header: Header, lines: tuple[bytes, ...] = ()) -> None:
        """Starts the journal with ``lines`` of the run that it goes on with; that of another run is set aside.

        Raises:
            InputError: the folder cannot be written.
        """
        self._path = path
        self._broken = False
        self.kept = ""
        aside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            aside.write_bytes(encode(asdict(header)) + b"".join(lines))
            if path.exists() and Survey(path).run != header.run:
                self.kept = set_aside(path)
            os.replace(aside, path)
            # Unbuffered: a line is one write, so a kill leaves whole lines but for the last.
            self._stream = path.open("ab", buffering=0)
        except OSError as error:
            raise self._error(error) from error
        finally:
            with contextlib.suppress(OSError):
                aside.unlink()

    def append(self, line: bytes) -> None:
        """Writes a line.

        Raises:
            JournalError: it cannot be written; the lines before it are whole, and none is written any more.
        """
        if self._broken:
            raise JournalError("is not written any more", where=str(self._path))
        end = self._stream.tell()
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[self._stream.write(rest) :]
        except OSError as error:
            self._broken = True
            with contextlib.suppress(OSError):
                self._stream.truncate(end)
            raise self._error(error) from error

    def _error(self, error: OSError) -> JournalError:
        return JournalError(f"cannot be written: {error.strerror}", where=str(self._path))

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()


class Survey:
    """How far a journal came, whatever its format and whoever wrote it.

    Attributes:
        run: identity of its run; one of its content where it has none.
        results: images that it has good lines of.
        finished: whether these are all that were asked for.
    """

    def __init__(self, path: Path) -> None:
        """Reads a journal; InputError if it is no plain file."""
        need_file(path)
        with path.open("rb") as stream:
            first = stream.readline(MAX_LINE)
            header = decode(first.rstrip(b"\n")) or {}
            indices = set()
            while line := stream.readline(MAX_LINE):
                found = decode(line.rstrip(b"\n"))
                if found is not None and found.get("run") == header.get("run") and type(found.get("index")) is int:
                    indices.add(found["index"])
        run = header.get("run")
        plain = isinstance(run, str) and run.isalnum() and len(run) <= 64
        self.run = str(run) if plain else hashlib.sha256(first).hexdigest()[:16]
        self.results = len(indices)
        self.finished = bool(header) and self.results == header.get("images")
        self.is_empty = bool(header) and not indices


def set_aside(path: Path) -> str:
    """Moves a journal out of the way.

    A finished one becomes :data:`PREVIOUS`, and replaces the one before it. An unfinished one, and what is no journal
    at all, gets a name of its own, which is returned, and is never replaced. One without results is left.
    """
    found = Survey(path)
    if found.is_empty:
        return ""
    if not found.finished:
        return _keep(path, found)
    previous = path.with_name(PREVIOUS)
    if previous.exists():
        older = Survey(previous)
        if not older.finished and not older.is_empty:
            _keep(previous, older)
    os.replace(path, previous)
    return ""


def _keep(path: Path, found: Survey) -> str:
    stem = f"journal.{found.run}"
    names = (f"{stem}.jsonl", *(f"{stem}-{number}.jsonl" for number in range(2, 10_000)))
    target = next(path.with_name(name) for name in names if not path.with_name(name).exists())
    os.replace(path, target)
    return target.name
