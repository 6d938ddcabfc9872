"""Runs images on one board or several and compares every one with the host."""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_snn.errors import DeviceError
from edge_snn.harness import frames, journal
from edge_snn.harness.book import Journal, JournalError
from edge_snn.harness.client import Device
from edge_snn.harness.dut import ConnectedDut, Dut
from edge_snn.harness.facts import HostResults, ModelFacts
from edge_snn.harness.frames import DeviceResult
from edge_snn.harness.journal import JOURNAL, Entry, Header
from edge_snn.harness.shards import Broken, Ended, Event, Interrupt, Measured, Reconnected, Work, Worker
from edge_snn.harness.signals import INTERRUPTED, as_events

GRACE_SECONDS = 2.0  # for the images that are being measured when Ctrl-C comes
WAKE_SECONDS = 0.2

Progress = Callable[[int, str], None]


@dataclass(frozen=True)
class Row:
    """One image on a device.

    Attributes:
        index: of the image in the data set.
        on: label of the board.
        runs: one a timed inference.
        logits_equal, counts_equal: whether the device agrees with the host to the last bit.
        repeats_equal: whether all inferences gave the same.
        parted_at: name of the first layer whose CRC is not the host's, "" for none; None unless it was traced.
    """

    index: int
    on: str
    runs: tuple[DeviceResult, ...]
    logits_equal: bool
    counts_equal: bool
    repeats_equal: bool
    parted_at: str | None = None

    @property
    def result(self) -> DeviceResult:
        """The first inference."""
        return self.runs[0]

    @property
    def prediction(self) -> int:
        """The class: the first index of the largest logit."""
        return int(np.argmax(self.result.logits))


@dataclass
class BoardRun:
    """How one board did.

    Attributes:
        retries: requests sent again.
        resets: sessions that a reset of the board ended.
        reconnects: why it had to be opened anew, each time.
        stack_used: bytes of its stack; None while that is not known.
        stopped: why it was lost, or "".
    """

    label: str
    retries: int = 0
    resets: int = 0
    reconnects: list[str] = field(default_factory=list)
    stack_used: int | None = None
    stopped: str = ""


@dataclass
class Evaluation:
    """Results so far, by image.

    Attributes:
        repeat: timed inferences of each image.
        boards: by label.
        resumed: how many rows came from the journal of a run before.
        damaged: lines of that journal that were passed over.
        stopped: why it ended before all images were measured, or "".
        run: identity of the run.
        kept: file in which an unfinished journal of another run is kept now, or "".
    """

    by_index: dict[int, Row] = field(default_factory=dict)
    repeat: int = 1
    boards: dict[str, BoardRun] = field(default_factory=dict)
    resumed: int = 0
    damaged: int = 0
    stopped: str = ""
    run: str = ""
    kept: str = ""

    @property
    def rows(self) -> list[Row]:
        """In the order of the images."""
        return [self.by_index[index] for index in sorted(self.by_index)]

    @property
    def images(self) -> int:
        return len(self.by_index)

    @property
    def indices(self) -> np.ndarray:
        """Of the images that were measured, ascending, int64."""
        return np.array(sorted(self.by_index), np.int64)

    @property
    def predictions(self) -> list[int]:
        return [row.prediction for row in self.rows]

    @property
    def logits_equal(self) -> list[bool]:
        return [row.logits_equal for row in self.rows]

    @property
    def counts_equal(self) -> list[bool]:
        return [row.counts_equal for row in self.rows]

    @property
    def step_ticks(self) -> list[np.ndarray]:
        """Of the first inference of each image, int64 [steps]."""
        return [row.result.step_ticks for row in self.rows]

    @property
    def retries(self) -> int:
        return sum(board.retries for board in self.boards.values())

    @property
    def stack_used(self) -> int | None:
        """Of the board that used most, of those that could tell."""
        known = (board.stack_used for board in self.boards.values())
        return max((used for used in known if used is not None), default=None)

    def correct(self, labels: np.ndarray) -> int:
        """Images whose class is the label."""
        return sum(row.prediction == int(labels[row.index]) for row in self.by_index.values())


def check_shapes(device: Device, facts: ModelFacts, host: HostResults) -> None:
    """Raises DeviceError unless the device's sizes are those of the model."""
    info = device.info
    want = (len(facts.classes), host.counts.shape[1], len(facts.steps), facts.timesteps)
    if (info.classes, info.counters, info.steps, info.timesteps) != want:
        raise DeviceError("runs firmware generated by another version of edge_snn", where=device.port.url)


def check_alike(devices: Sequence[Device]) -> None:
    """Raises DeviceError unless all devices are the same board: their times are merged."""
    first = devices[0].info
    for device in devices[1:]:
        if (device.info.board, device.info.clock_hz) != (first.board, first.clock_hz):
            raise DeviceError(
                f"is board {device.info.board!r} at {device.info.clock_hz:,} ticks a second; "
                f"the first is {first.board!r} at {first.clock_hz:,}",
                where=device.port.url,
                hint="measure them in runs of their own, and see edge-snn compare",
            )


@dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        repeat: timed inferences of each image.
        warmup: inferences of a board that do not count, before its first and after each reconnect.
        resume: go on with the journal in the folder.
        data: name of the data set.
        unit: of latencies.
    """

    repeat: int = 1
    warmup: int = 0
    resume: bool = False
    data: str = ""
    unit: str = ""


def evaluate(
    device: Device,
    facts: ModelFacts,
    images: np.ndarray,
    labels: np.ndarray,
    host: HostResults,
    folder: Path,
    progress: Progress | None = None,
) -> Evaluation:
    """:func:`evaluate_boards` on one device that is connected already."""
    return evaluate_boards([ConnectedDut(device)], [device], facts, images, labels, host, folder, Settings(), progress)


def evaluate_boards(
    duts: Sequence[Dut],
    devices: Sequence[Device],
    facts: ModelFacts,
    images: np.ndarray,
    labels: np.ndarray,
    host: HostResults,
    folder: Path,
    settings: Settings,
    progress: Progress | None = None,
) -> Evaluation:
    """Measures every image on one of the boards; a board that is lost hands its images to the others.

    Each result is appended to ``folder/journal.jsonl`` as it arrives, so nothing measured is lost whatever
    ends the run. Ctrl-C, SIGTERM, SIGHUP, a full disk, and the loss of all boards end it early: ``stopped`` says why.

    Args:
        devices: those of ``duts``, connected.
        images: uint8 [N, H, W, C]; labels: int64 [N]; host: of the same images;
            where it has traces, every inference is traced.
        progress: called with the number of images done and a note.

    Raises:
        DeviceError: a device is not what it must be; nothing was measured.
        InputError: the journal cannot be written, or not be resumed.
    """
    for device in devices:
        check_shapes(device, facts, host)
    check_alike(devices)
    info = devices[0].info
    digest = journal.data_digest(images, labels)
    header = Header(
        facts.name,
        facts.sha256,
        settings.data,
        digest,
        len(images),
        info.board,
        info.clock_hz,
        frames.VERSION,
        settings.repeat,
        _crcs(host),
        settings.unit,
        secrets.token_hex(8),
    )
    done = Evaluation(repeat=settings.repeat, boards={dut.label: BoardRun(dut.label) for dut in duts})
    lines: list[bytes] = []
    if settings.resume:
        found = journal.read(folder / JOURNAL, header, facts)
        header = replace(header, run=found.run)
        done.resumed, done.damaged = len(found.entries), found.damaged
        for entry in found.entries.values():
            lines.append(_add(done, entry, header.run, labels, host))
    done.run = header.run
    work = Work(index for index in range(len(images)) if index not in done.by_index)
    with Journal(folder / JOURNAL, header, tuple(lines)) as book:
        done.kept = book.kept
        _Run(done, work, book, labels, host, progress).go(duts, devices, images, settings)
    return done


def _crcs(host: HostResults) -> int:
    """CRCs of an image that are compared, 0 for none."""
    return host.traces.crcs.shape[1] if host.traces is not None else 0


def _add(done: Evaluation, entry: Entry, run: str, labels: np.ndarray, host: HostResults) -> bytes:
    """Adds a row, compared with the host; returns its line for the journal."""
    first = entry.runs[0]
    parted_at = None
    if host.traces is not None and first.crcs is not None:
        parted_at = host.traces.first_difference(entry.index, first.crcs)
    row = Row(
        entry.index,
        entry.on,
        entry.runs,
        bool(np.array_equal(first.logits, host.logits[entry.index])),
        bool(np.array_equal(first.counts, host.counts[entry.index])),
        all(journal.same_result(run, first) for run in entry.runs[1:]),
        parted_at,
    )
    if entry.index in done.by_index:
        raise AssertionError(f"image {entry.index} was measured twice")
    done.by_index[entry.index] = row
    done.boards.setdefault(entry.on, BoardRun(entry.on))
    extra: dict[str, Any] = {
        "class": row.prediction,
        "label": int(labels[entry.index]),
        "logits_equal": row.logits_equal,
        "counts_equal": row.counts_equal,
        "repeats_equal": row.repeats_equal,
    }
    if row.parted_at is not None:
        extra["parted_at"] = row.parted_at
    return journal.encode_entry(entry, run, extra)


@dataclass
class _Run:
    """The main thread's part: takes what the boards' threads tell, writes the journal, reports progress."""

    done: Evaluation
    work: Work
    book: Journal
    labels: np.ndarray
    host: HostResults
    progress: Progress | None

    def go(self, duts: Sequence[Dut], devices: Sequence[Device], images: np.ndarray, settings: Settings) -> None:
        self.correct = self.done.correct(self.labels)
        self.alive = {dut.label for dut in duts}
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.workers: dict[str, Worker] = {}
        self._note()
        for dut, device in zip(duts, devices):
            repeat, warmup = settings.repeat, settings.warmup
            worker = Worker(dut, device, self.work, self.events, images, repeat, warmup, _crcs(self.host))
            self.workers[dut.label] = worker
            worker.start()
        try:
            # SimpleQueue.put is re-entrant: it may be called while get() is.
            with as_events(lambda told: self.events.put(Interrupt(told))):
                while self.alive and not self.done.stopped:
                    # A signal that another thread got is handled when this one wakes up.
                    with suppress(queue.Empty):
                        self._take(self.events.get(timeout=WAKE_SECONDS))
        except KeyboardInterrupt:
            self.done.stopped = INTERRUPTED
        finally:
            self.work.stop()
        self._drain()
        for dut in duts:
            if dut.label in self.alive:
                dut.drop()
        if self.done.images < len(images) and not self.done.stopped:
            told = [board.stopped for board in self.done.boards.values() if board.stopped]
            self.done.stopped = told[-1] if told else "no board is left"

    def _take(self, event: Event) -> None:
        if isinstance(event, Measured):
            entry = Entry(event.index, event.on, event.runs)
            try:
                self.book.append(_add(self.done, entry, self.done.run, self.labels, self.host))
            except JournalError as error:  # what is not in the journal counts as not measured
                del self.done.by_index[event.index]
                self.done.stopped = self.done.stopped or f"{error.diagnostic.where}: {error.diagnostic.reason}"
                return
            self.workers[event.on].is_written()
            self.correct += self.done.by_index[event.index].prediction == int(self.labels[event.index])
            self._note()
        elif isinstance(event, Reconnected):
            self.done.boards[event.on].reconnects.append(event.reason)
        elif isinstance(event, Ended):
            board = self.done.boards[event.on]
            board.stopped, board.stack_used = event.reason, event.stack_used
            board.retries, board.resets = event.retries, event.resets
            self.alive.discard(event.on)
        elif isinstance(event, Broken):
            raise event.error
        else:
            self.done.stopped = self.done.stopped or event.told

    def _note(self) -> None:
        if self.progress is not None and self.done.images:
            lost = sum(bool(board.stopped) for board in self.done.boards.values())
            note = f"accuracy {self.correct / self.done.images:.4f}"
            self.progress(self.done.images, f"{note}, {lost} boards lost" if lost else note)

    def _drain(self) -> None:
        """After a stop: waits a little for what is being measured; a board that takes longer is left behind."""
        self.progress = None
        end = time.monotonic() + GRACE_SECONDS
        while self.alive and time.monotonic() < end:
            try:
                self._take(self.events.get(timeout=max(0.01, end - time.monotonic())))
            except (queue.Empty, KeyboardInterrupt):
                break
