"""Shares the images of a run among boards: a queue of work, and one thread a board."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

import numpy as np

from edge_snn.errors import DeviceError, EdgeSnnError
from edge_snn.harness.client import Device
from edge_snn.harness.dut import Dut
from edge_snn.harness.frames import DeviceResult
from edge_snn.harness.trace import traced_infer

BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)  # then every 2 s
RECONNECT_SECONDS = 20.0  # a board that enumerates again on USB takes a few
FRUITLESS_RECONNECTS = 3  # one image that fails after so many fresh sessions will fail for ever
WARM_UP_INDEX = (1 << 32) - 1
BACKLOG = 2  # results of a board that may wait for the journal: what a crash of ours can cost


@dataclass(frozen=True)
class Measured:
    """One image's timed inferences."""

    on: str
    index: int
    runs: tuple[DeviceResult, ...]


@dataclass(frozen=True)
class Reconnected:
    """A board was lost and came back."""

    on: str
    reason: str


@dataclass(frozen=True)
class Ended:
    """A board measures no more.

    Attributes:
        reason: why it failed, or "" when there was nothing left to do.
        retries, resets: requests sent again; sessions that a reset of the board ended.
        stack_used: bytes; None where it could not be asked, or where the board does not know (the host build).
    """

    on: str
    reason: str
    retries: int
    resets: int
    stack_used: int | None


@dataclass(frozen=True)
class Broken:
    """A bug of ours in a board's thread."""

    error: BaseException


@dataclass(frozen=True)
class Interrupt:
    """A signal that ends the run; ``told`` is which."""

    told: str


Event = Union[Measured, Reconnected, Ended, Broken, Interrupt]


class Work:
    """The images that are still to be measured. An image that a board hands back goes to whoever asks next."""

    def __init__(self, indices: Iterable[int]) -> None:
        self._pending = deque(indices)
        self._taken = 0
        self._changed = threading.Condition()
        self.stopping = threading.Event()

    def take(self) -> int | None:
        """The next image, or None when all are done; waits while boards at work may still hand one back."""
        with self._changed:
            while not self.stopping.is_set():
                if self._pending:
                    self._taken += 1
                    return self._pending.popleft()
                if self._taken == 0:
                    return None
                self._changed.wait()
        return None

    def finish(self) -> None:
        """An image that was taken is measured."""
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()

    def hand_back(self, index: int) -> None:
        """An image that was taken could not be measured."""
        with self._changed:
            self._taken -= 1
            self._pending.appendleft(index)
            self._changed.notify_all()

    def stop(self) -> None:
        """Nobody gets another image."""
        with self._changed:
            self.stopping.set()
            self._changed.notify_all()


class Worker(threading.Thread):
    """Measures on one board until nothing is left, or the board is lost."""

    def __init__(
        self,
        dut: Dut,
        device: Device,
        work: Work,
        events: queue.SimpleQueue[Event],
        images: np.ndarray,
        repeat: int,
        warmup: int,
        crcs: int = 0,
    ) -> None:
        """Takes a connected device; ``images`` are uint8 [N, H, W, C]; ``crcs`` of each are traced, 0 for none."""
        super().__init__(name=dut.label, daemon=True)
        self._dut, self._device, self._work, self._events = dut, device, work, events
        self._images, self._repeat, self._warmup, self._crcs = images, repeat, warmup, crcs
        self._backlog = threading.Semaphore(BACKLOG)
        self._cold = True
        self._retries = self._resets = 0  # of devices before this one
        self._stack_used: int | None = None

    def run(self) -> None:
        reason = ""
        try:
            while (index := self._work.take()) is not None:
                try:
                    runs = self._measure(index)
                except BaseException:
                    self._work.hand_back(index)
                    raise
                self._events.put(Measured(self._dut.label, index, runs))
                self._work.finish()
                while not self._backlog.acquire(timeout=0.5) and not self._work.stopping.is_set():
                    pass
            self._stack_used = self._device.read_info().stack_used or None
        except EdgeSnnError as error:
            reason = str(error)
        except BaseException as error:  # a bug: the main thread raises it
            self._events.put(Broken(error))
        retries, resets = self._retries + self._device.retries, self._resets + self._device.resets
        self._events.put(Ended(self._dut.label, reason, retries, resets, self._stack_used))

    def is_written(self) -> None:
        """A result of this board is in the journal."""
        self._backlog.release()

    def _measure(self, index: int) -> tuple[DeviceResult, ...]:
        """All inferences of one image, in one session; begins anew when the board was lost on the way."""
        for attempt in range(FRUITLESS_RECONNECTS + 1):
            try:
                return self._inferences(index)
            except DeviceError as error:
                if attempt == FRUITLESS_RECONNECTS or self._work.stopping.is_set():
                    raise
                self._reconnect(error)
        raise AssertionError("unreachable")

    def _inferences(self, index: int) -> tuple[DeviceResult, ...]:
        image = self._images[index]
        if self._cold:
            for _ in range(self._warmup):
                self._device.infer(WARM_UP_INDEX, image)
            self._cold = False
        # An index of its own for each inference: a result can then only be that of this very inference.
        return tuple(self._infer(index * self._repeat + number, image) for number in range(self._repeat))

    def _infer(self, index: int, image: np.ndarray) -> DeviceResult:
        if self._crcs:
            return traced_infer(self._device, index, image, self._crcs)
        return self._device.infer(index, image)

    def _reconnect(self, lost: DeviceError) -> None:
        """Opens the board anew, with growing pauses; raises ``lost`` when it does not come back."""
        end = time.monotonic() + RECONNECT_SECONDS
        attempt = 0
        while not self._dut.is_gone() and time.monotonic() < end:
            if self._work.stopping.wait(BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS) - 1)]):
                break
            attempt += 1
            try:
                device = self._dut.connect()
            except EdgeSnnError:
                continue  # not there yet; in the end what is told is how it was lost
            if device is not self._device:
                self._retries += self._device.retries
                self._resets += self._device.resets
                self._device = device
            self._cold = True
            self._events.put(Reconnected(self._dut.label, lost.diagnostic.reason))
            return
        raise lost
