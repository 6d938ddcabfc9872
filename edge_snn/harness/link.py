"""Requests and replies on a line that may lose, damage, double or delay any byte."""

from __future__ import annotations

import secrets
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_snn.errors import DeviceError
from edge_snn.harness import frames
from edge_snn.harness.frames import Frame, Splitter
from edge_snn.harness.pace import Pace
from edge_snn.harness.transport import DEFAULT_BAUD, Port

REPLY_SECONDS = 2.0  # longest time-out of a reply; the first one is half of it
REPLY_FLOOR = 0.1
RUN_SECONDS = 120.0  # for a device whose speed is not known yet
RUN_FLOOR = 0.2
PATIENCE_SECONDS = 10.0
TRIES = 5
KNOCK_SECONDS = (0.1, 0.2, 0.4)
BAUD_FALLBACK_TRIES = 3
RUINED_TRIES = 8  # a port that talks nothing but rubbish must not be answered for ever


class RequestRefused(DeviceError):
    """The device answered with an error code."""

    def __init__(self, code: int, where: str) -> None:
        self.code = code
        super().__init__(f"the device {frames.ERRORS.get(code, f'refused the request (code {code})')}", where=where)


@dataclass
class _Job:
    """A request on its way.

    Attributes:
        due: when it is sent again.
        attempt: how often it was sent before.
    """

    kind: int
    sequence: int
    encoded: bytes
    sent: float = 0.0
    due: float = 0.0
    attempt: int = -1


class Link:
    """Sends requests until their replies come.

    Attributes:
        window: requests the device takes in before it has answered the first.
        retries: requests that were sent again.
        sent_bytes: bytes that went to the device.
    """

    def __init__(self, port: Port, death: Callable[[], str], floor: float | None = None) -> None:
        """``death`` tells how the emulator behind the port ended; ``floor`` is the shortest time-out."""
        self.port = port
        self._death = death
        self._splitter = Splitter()
        self._sequence = secrets.randbelow(1 << 16)
        self._replies = Pace(REPLY_SECONDS / 2, REPLY_FLOOR if floor is None else floor, REPLY_SECONDS)
        self._runs = Pace(REPLY_SECONDS / 2, RUN_FLOOR if floor is None else 2 * floor, RUN_SECONDS)
        self.window = 1
        self.retries = 0
        self.sent_bytes = 0

    def knock(self, seconds: float = 0.0) -> None:
        """Waits, for less than a second or for ``seconds``, until the device answers at all.

        One that was reset a moment ago (an emulator that starts, a board whose port resets it) does not hear
        what is sent before its receiver is on: no loss on the line, and no reason to wait out a time-out.
        """
        end = time.monotonic() + seconds
        for pause in KNOCK_SECONDS:
            if self.probe(pause):
                return
        while time.monotonic() < end and not self.probe(KNOCK_SECONDS[-1]):
            pass

    def probe(self, seconds: float) -> bool:
        """Asks for INFO once; whether anything whole came back in time."""
        job = self._job(frames.INFO, b"")
        self._send(job.encoded)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(self._answers(frame, job) for frame in self._receive()):
                return True
        return False

    def request(self, kind: int, payload: bytes) -> bytes:
        """Sends one request until its reply comes; returns the reply's payload."""
        return self.exchange([(kind, payload)])[0]

    def exchange(self, requests: Sequence[tuple[int, bytes]]) -> list[bytes]:
        """Sends requests, as many at a time as the device takes in; only what is lost is sent again.

        Returns:
            The payloads of the replies, in the order of the requests.

        Raises:
            RequestRefused: the device answered one of them with an error.
            DeviceError: it is silent, gone, or talks rubbish.
        """
        jobs = [self._job(kind, payload) for kind, payload in requests]
        waiting: dict[int, _Job] = {}
        queue = deque(jobs)
        replies: dict[int, bytes] = {}
        started = time.monotonic()
        while len(replies) < len(jobs):
            while queue and len(waiting) < self.window:
                job = queue.popleft()
                waiting[job.sequence] = job
                self._send_job(job, self._replies)
            damaged = self._splitter.damaged
            for frame in self._receive():
                asked = waiting.get(frame.sequence)
                if asked is None or not self._answers(frame, asked):
                    continue
                replies[asked.sequence] = self._payload(frame)
                del waiting[asked.sequence]
                if not asked.attempt:
                    self._replies.sample(time.monotonic() - asked.sent)
                started = time.monotonic()
            ruined = self._splitter.damaged > damaged
            for job in waiting.values():
                self._send_again(job, self._replies, started, PATIENCE_SECONDS, ruined)
        return [replies[job.sequence] for job in jobs]

    def run(self, named: bytes, tail: bytes, size: int) -> bytes:
        """Has the device run its image, and collects the result's ``size`` bytes.

        Args:
            named: session, index and CRC-32 of the image, 12 bytes; every part of the result must repeat them.
            tail: the end of the image.
        """
        job = self._job(frames.RUN, named + tail)
        want = range(0, size, frames.PART_BYTES)
        parts: dict[int, bytes] = {}
        started = time.monotonic()
        patience = self._run_patience()
        self._send_job(job, self._runs)
        while len(parts) < len(want):
            damaged = self._splitter.damaged
            for frame in self._receive():
                if self._answers(frame, job):
                    if not parts and not job.attempt:
                        self._runs.sample(time.monotonic() - job.sent)
                    self._take_part(parts, self._payload(frame), named, size)
                    job.due = time.monotonic() + self._replies.wait()
            ruined = self._splitter.damaged > damaged
            if parts and (ruined or time.monotonic() >= job.due):
                break
            if not parts:
                self._send_again(job, self._runs, started, patience, ruined)
        return self._collect(parts, named, size)

    def result(self, named: bytes, size: int) -> bytes:
        """Collects the ``size`` bytes of the result that the device has in memory; see :meth:`run`."""
        return self._collect({}, named, size)

    def compute(self, kind: int, payload: bytes, whole: bool) -> bytes:
        """A request that the device computes for before it replies: as patient as for an inference.

        Args:
            whole: it takes as long as one, so that the link may learn from it how long that is.
        """
        job = self._job(kind, payload)
        started = time.monotonic()
        patience = self._run_patience()
        self._send_job(job, self._runs)
        while True:
            damaged = self._splitter.damaged
            for frame in self._receive():
                if self._answers(frame, job):
                    reply = self._payload(frame)
                    if whole and not job.attempt:
                        self._runs.sample(time.monotonic() - job.sent)
                    return reply
            self._send_again(job, self._runs, started, patience, self._splitter.damaged > damaged)

    def _run_patience(self) -> float:
        """Seconds after which a device that should compute is given up."""
        return max(PATIENCE_SECONDS, self._runs.wait(4)) if self._runs.samples else RUN_SECONDS

    def _collect(self, parts: dict[int, bytes], named: bytes, size: int) -> bytes:
        """Asks for the parts of a result that are not there yet; returns all of it."""
        want = range(0, size, frames.PART_BYTES)
        missing = [offset for offset in want if offset not in parts]
        head = named[:8]
        for reply in self.exchange([(frames.RESULT, head + struct.pack("<I", offset)) for offset in missing]):
            self._take_part(parts, reply, named, size)
        if sorted(parts) != list(want):
            raise DeviceError("sent another part of the result than it was asked for", where=self.port.url)
        return b"".join(parts[offset] for offset in want)

    def _take_part(self, parts: dict[int, bytes], payload: bytes, named: bytes, size: int) -> None:
        """Files a part of a result, once it is clear that it is one of ours."""
        offset = struct.unpack_from("<I", payload, 12)[0] if len(payload) > 16 else size
        length = min(frames.PART_BYTES, size - offset)
        if payload[:12] != named or offset % frames.PART_BYTES or len(payload) - 16 != length:
            raise DeviceError("sent the result of another session or image", where=self.port.url)
        parts[offset] = payload[16:]

    def _job(self, kind: int, payload: bytes) -> _Job:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return _Job(kind, self._sequence, Frame(kind, self._sequence, payload).encode())

    def _answers(self, frame: Frame, job: _Job) -> bool:
        """Whether a frame is the reply to a request, of any protocol version."""
        return frame.sequence == job.sequence and frame.kind in (job.kind | frames.REPLY, frames.ERROR)

    def _payload(self, frame: Frame) -> bytes:
        """What a reply says; raises what an error says."""
        if frame.version != frames.VERSION:
            raise DeviceError(
                f"speaks protocol version {frame.version}, this program {frames.VERSION}",
                where=self.port.url,
                hint="build and flash the firmware again",
            )
        if frame.kind == frames.ERROR:
            raise RequestRefused(frame.payload[0] if frame.payload else 0, self.port.url)
        return frame.payload

    def _send_again(self, job: _Job, pace: Pace, started: float, patience: float, ruined: bool) -> None:
        """Repeats a request whose time is over, or whose reply was probably the ruin that just came."""
        now = time.monotonic()
        if now < job.due and not (ruined and job.attempt < RUINED_TRIES):
            return
        if now - started > patience and job.attempt + 1 >= TRIES:
            self._give_up(now - started)
        if job.attempt + 1 >= BAUD_FALLBACK_TRIES and self.port.baud != DEFAULT_BAUD:
            self.port.set_baud(DEFAULT_BAUD)  # a device that was reset, or heard nothing for long, is back there
        self.retries += 1
        self._send_job(job, pace)

    def _send_job(self, job: _Job, pace: Pace) -> None:
        job.attempt += 1
        self._send(job.encoded)
        job.sent = time.monotonic()
        job.due = job.sent + len(job.encoded) * 10 / self.port.baud + pace.wait(job.attempt)

    def _send(self, encoded: bytes) -> None:
        self.sent_bytes += len(encoded)
        try:
            self.port.write(encoded)
        except DeviceError as error:
            raise self._lost(error) from error

    def _receive(self) -> list[Frame]:
        """The frames that have come, after a short wait."""
        try:
            data = self.port.read()
        except DeviceError as error:
            raise self._lost(error) from error
        if not data and self._death():
            raise DeviceError(self._death(), where=self.port.url)
        return self._splitter.feed(data)

    def _give_up(self, seconds: float) -> None:
        noise = self._splitter.dropped
        if noise:
            raise DeviceError(
                f"answers with bytes that are no frames ({noise} so far)",
                where=self.port.url,
                hint="another firmware, or another baud rate than 115,200? (a reset ends the text dialect)",
            )
        raise DeviceError(
            f"is silent: no reply in {seconds:.0f} s",
            where=self.port.url,
            hint="is the firmware of edge_snn on the board, and is this its port? If it starts slowly: --wait SECONDS",
        )

    def _lost(self, error: DeviceError) -> DeviceError:
        time.sleep(0.2)  # a dying emulator closes its socket before it can be waited for
        return DeviceError(self._death(), where=self.port.url) if self._death() else error
