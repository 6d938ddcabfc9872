"""The journal of a run: a header and one line a result, each with its own CRC. Specified in docs/harness.md.

Each line names its run, so that a line of another run, board or model is never taken for one of this. How journals are
written: :mod:`edge_snn.harness.book`.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from edge_snn.errors import InputError
from edge_snn.files import need_file
from edge_snn.harness.facts import ModelFacts
from edge_snn.harness.frames import DeviceResult

JOURNAL = "journal.jsonl"
FORMAT = 2
MAX_LINE = 1 << 24
ANEW = "run without --resume (it is kept beside the new one), or into another --report folder"
_MARK = ', "crc": "'


def data_digest(images: np.ndarray, labels: np.ndarray | None, *others: np.ndarray) -> str:
    """SHA-256, in hex, of uint8 images [N, H, W, C], their labels [N] and what else is known: which test set it was."""
    digest = hashlib.sha256(repr(images.shape).encode())
    digest.update(np.ascontiguousarray(images).tobytes())
    if labels is not None:
        digest.update(np.ascontiguousarray(labels, "<i8").tobytes())
    for array in others:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Header:
    """What a journal's results belong to: a run may be resumed only under the same.

    Attributes:
        images: in the data set, not results so far.
        clock_hz: ticks a second.
        protocol: version of the serial protocol.
        repeat: timed inferences of each image.
        crcs: traced of each image, 0 for none.
        unit: of the latencies that ticks make: on an emulator they are not what they are on a board.
        run: identity of the run, in each of its lines; that of the run before when it is resumed.
    """

    model: str
    model_sha256: str
    data: str
    data_sha256: str
    images: int
    board: str
    clock_hz: int
    protocol: int
    repeat: int
    crcs: int = 0
    unit: str = ""
    run: str = ""
    journal: int = FORMAT

    @classmethod
    def decode(cls, document: Mapping[str, Any]) -> Header | None:
        """The header in a line's object, or None if it is none."""
        found: dict[str, Any] = {}
        for item in fields(cls):
            value = document.get(item.name)
            if type(value) is not (str if item.type == "str" else int):
                return None
            found[item.name] = value
        return cls(**found)

    def check_same(self, found: Header, where: str) -> None:
        """Raises InputError, naming the difference, unless ``found``, of an existing journal, may be gone on with."""

        def told(what: str, of: str, now: str) -> InputError:
            return InputError(
                f"cannot be resumed: its results are of {what} {of}, this run's are of {now}",
                where=where,
                hint=ANEW,
            )

        if found.model_sha256 != self.model_sha256:
            raise told(
                "model",
                f"{found.model[:60]!r} ({found.model_sha256[:12]}..)",
                f"{self.model[:60]!r} ({self.model_sha256[:12]}..)",
            )
        if found.data_sha256 != self.data_sha256:
            raise told(
                "data",
                f"{found.data[:60]!r} ({found.images} images, {found.data_sha256[:12]}..)",
                f"{self.data[:60]!r} ({self.images} images, {self.data_sha256[:12]}..)",
            )
        for name in ("board", "clock_hz", "protocol", "repeat", "crcs", "unit"):
            of, now = getattr(found, name), getattr(self, name)
            if of != now:
                raise told(name.replace("_hz", ""), repr(of), repr(now))


@dataclass(frozen=True)
class Entry:
    """One image's results.

    Attributes:
        index: of the image in the data set.
        on: label of the board that computed it.
        runs: one a timed inference.
    """

    index: int
    on: str
    runs: tuple[DeviceResult, ...]


def encode(document: Mapping[str, Any]) -> bytes:
    """A line: the object, its last member the CRC-32 of all before the comma in front of it."""
    body = json.dumps(document, allow_nan=False)[:-1]
    return f'{body}{_MARK}{zlib.crc32(body.encode()):08x}"}}\n'.encode()


def decode(line: bytes) -> dict[str, Any] | None:
    """The object of a line without its newline, or None if the line is damaged."""
    body, mark, check = line.rpartition(_MARK.encode())
    if not mark or len(line) > MAX_LINE or check != f'{zlib.crc32(body):08x}"}}'.encode():
        return None
    try:
        document = json.loads(body + b"}")
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def encode_entry(entry: Entry, run: str, extra: Mapping[str, Any]) -> bytes:
    """The line of an entry in the journal of ``run``; ``extra`` is for readers, and not read back."""
    first = entry.runs[0]
    return encode(
        {
            "run": run,
            "index": entry.index,
            "on": entry.on,
            "logits": first.logits.tolist(),
            "counts": first.counts.tolist(),
            "ticks": [run.ticks for run in entry.runs],
            "step_ticks": [run.step_ticks.tolist() for run in entry.runs],
            "crcs": [run.crcs.tolist() for run in entry.runs if run.crcs is not None],
            "others": {
                str(number): {"logits": run.logits.tolist(), "counts": run.counts.tolist()}
                for number, run in enumerate(entry.runs)
                if not same_result(run, first)
            },
            **extra,
        }
    )


def same_result(a: DeviceResult, b: DeviceResult) -> bool:
    """Whether two inferences gave the same logits, spike counts and, if they were traced, CRCs."""
    traced = a.crcs is not None and b.crcs is not None
    alike = not traced or np.array_equal(a.crcs, b.crcs)  # type: ignore[arg-type]
    return alike and np.array_equal(a.logits, b.logits) and np.array_equal(a.counts, b.counts)


def decode_entry(document: Mapping[str, Any], facts: ModelFacts, header: Header) -> Entry | None:
    """The entry of a line's object, or None unless it is one of this model and data."""
    try:
        index, on = document["index"], document["on"]
        logits, counts = _row(document["logits"], len(facts.classes), -(1 << 31)), _row(document["counts"], None, 0)
        others = {int(number): run for number, run in document["others"].items()}
        crcs = [_row(row, header.crcs, 0).astype(np.uint32) for row in document["crcs"]]
        runs = []
        for number, (ticks, steps) in enumerate(zip(document["ticks"], document["step_ticks"])):
            other = others.get(number)
            runs.append(
                DeviceResult(
                    (logits if other is None else _row(other["logits"], len(logits), -(1 << 31))).astype(np.int32),
                    counts if other is None else _row(other["counts"], len(counts), 0),
                    _row(steps, len(facts.steps), 0),
                    int(_row([ticks], 1, 0)[0]),
                    crcs[number] if header.crcs else None,
                )
            )
    except (LookupError, TypeError, ValueError, OverflowError, AttributeError):
        return None
    good = type(index) is int and 0 <= index < header.images and isinstance(on, str) and len(on) <= 1000
    if not good or len(runs) != header.repeat or len(counts) != facts.counters:
        return None
    return Entry(index, on, tuple(runs))


def _row(values: Any, length: int | None, low: int) -> np.ndarray:
    """int64 [length] of a list of integers that are at least ``low``; ValueError or TypeError if it is none."""
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise TypeError("not a list of integers")
    row = np.array(values, np.int64)
    if (length is not None and len(row) != length) or (len(row) and (row.min() < low or row.max() >= 1 << 62)):
        raise ValueError("a list of another length, or out of range")
    return row


@dataclass(frozen=True)
class Found:
    """What a journal held.

    Attributes:
        entries: by index, each index once (the first good line of it).
        damaged: lines that were passed over.
        run: identity of the run.
    """

    entries: dict[int, Entry]
    damaged: int
    run: str


def read(path: Path, header: Header, facts: ModelFacts) -> Found:
    """Reads a journal to be resumed.

    A damaged line, such as the half-written last one of a run that was killed, is passed over: its
    image is measured again.

    Raises:
        InputError: it cannot be read, is no journal, one of another format, model, data set or board (named), or holds
            lines of another run.
    """
    if not path.exists():
        raise InputError(
            "there is no journal to resume", where=str(path), hint="run without --resume, or check --report"
        )
    need_file(path)
    try:
        with path.open("rb") as stream:
            found = _header(stream.readline(MAX_LINE), str(path))
            header.check_same(found, str(path))
            entries: dict[int, Entry] = {}
            damaged = 0
            strangers = []
            while line := stream.readline(MAX_LINE):
                document = decode(line[:-1]) if line.endswith(b"\n") else None
                if document is not None and document.get("run") != found.run:
                    strangers.append(document)
                    continue
                entry = decode_entry(document, facts, header) if document else None
                if entry is None:
                    damaged += 1
                else:
                    entries.setdefault(entry.index, entry)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if strangers:
        of = f"run {strangers[0].get('run')!r:.20}, on {strangers[0].get('on')!r:.60}"
        told = f"cannot be resumed: {len(strangers)} of its lines are of another run ({of}), not of {found.run!r:.20}"
        raise InputError(told, where=str(path), hint=ANEW)
    return Found(entries, damaged, found.run)


def _header(line: bytes, where: str) -> Header:
    """The header of a journal of this format."""
    document = decode(line.rstrip(b"\n"))
    number = document.get("journal") if document else None
    if type(number) is int and number != FORMAT:
        told = f"cannot be resumed: it is of journal format {number!s:.20}, this edge-snn writes format {FORMAT}"
        raise InputError(told, where=where, hint=ANEW)
    found = Header.decode(document) if document else None
    if found is None:
        raise InputError("is not a journal of edge-snn", where=where, hint=ANEW)
    return found
