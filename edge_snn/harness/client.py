"""Talks to one device: requests, replies, time-outs and retries."""

from __future__ import annotations

import secrets
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np

from edge_snn.errors import DeviceError
from edge_snn.harness import frames
from edge_snn.harness.frames import DeviceResult, Frame, Info, Splitter
from edge_snn.harness.transport import Port

REPLY_SECONDS = 2.0
RUN_SECONDS = 120.0
KNOCK_SECONDS = (0.1, 0.2, 0.4)
TRIES = 5
IMAGE_TRIES = 3
_RUN_BYTES = 16 + 32  # session, index, CRC, class; SHA-256 of the model


class RequestRefused(DeviceError):
    """The device answered with an error code."""

    def __init__(self, code: int, where: str) -> None:
        self.code = code
        super().__init__(f"the device {frames.ERRORS.get(code, f'refused the request (code {code})')}", where=where)


class Device:
    """A device on a port, after :meth:`connect`.

    Every request is idempotent, so it is simply sent again when its reply does not come: a byte lost on
    the line costs time and nothing else.

    Attributes:
        info: what the device said of itself.
        retries: requests that were sent again.
    """

    def __init__(self, port: Port, death: Callable[[], str] = lambda: "") -> None:
        """Takes an open port; ``death`` tells how the emulator behind it ended, if it did."""
        self.port = port
        self._death = death
        self._splitter = Splitter()
        self._sequence = secrets.randbelow(1 << 16)
        self._session = secrets.randbelow((1 << 32) - 1) + 1
        self._slowest = 0.0  # seconds of the longest inference so far
        self.retries = 0
        self.info: Info

    def connect(self, sha256: str, board: str | None = None) -> Info:
        """Says hello: reads INFO, refuses another model or board by name, opens a session.

        Raises:
            DeviceError: silent or talking rubbish, another protocol, model or board.
        """
        self._knock()
        self.info = self.read_info()
        if self.info.model_sha256 != sha256:
            raise DeviceError(
                f"runs another model: {self.info.model_name!r}, sha256 {self.info.model_sha256[:12]}.., "
                f"the host has {sha256[:12]}..",
                where=self.port.url,
                hint="build and flash the firmware of this model",
            )
        if board is not None and self.info.board != board:
            raise DeviceError(f"is board {self.info.board!r}, not {board!r}", where=self.port.url)
        self._request(frames.SESSION, struct.pack("<I", self._session))
        return self.info

    def _knock(self) -> None:
        """Waits, for less than a second, until the device answers at all.

        One that was reset a moment ago (an emulator that starts, a board whose port resets it) does not hear
        what is sent before its receiver is on: no loss on the line, and no reason to wait out a time-out.
        """
        first = (self._sequence + 1) & 0xFFFF  # of the request that follows: a late answer will do for it
        knock = Frame(frames.INFO, first, b"").encode()
        for seconds in KNOCK_SECONDS:
            self._send(knock)
            if self._await(frames.INFO, seconds, first) is not None:
                return

    def read_info(self) -> Info:
        """Reads INFO anew (the stack's high-water mark grows while it works)."""
        reply = self._request(frames.INFO, b"")
        try:
            return Info.decode(reply)
        except ValueError as error:
            raise DeviceError(f"firmware of another version: {error}", where=self.port.url) from error

    def infer(self, index: int, image: np.ndarray) -> DeviceResult:
        """Sends an image, runs it and fetches the result.

        Args:
            index: of the image, echoed by the device.
            image: uint8, as the model takes it.

        Raises:
            DeviceError: the link or the device failed for good.
        """
        data = image.tobytes()
        if len(data) != self.info.input_bytes:
            raise DeviceError(f"takes images of {self.info.input_bytes} bytes, not {len(data)}", where=self.port.url)
        check = zlib.crc32(data)
        for attempt in range(IMAGE_TRIES):
            try:
                self._write(index, data)
                run = self._run(struct.pack("<III", self._session, index, check))
                echo = struct.pack("<III", self._session, index, check)
                if len(run) != _RUN_BYTES or run[:12] != echo or run[16:].hex() != self.info.model_sha256:
                    raise DeviceError("answered for another session, image or model", where=self.port.url)
                result = DeviceResult.decode(self._fetch(index, check), self.info)
                if struct.unpack_from("<I", run, 12)[0] != int(np.argmax(result.logits)):
                    raise DeviceError("named another class than its logits do", where=self.port.url)
                return result
            except RequestRefused as error:
                if error.code not in (frames.IMAGE_DAMAGED, frames.NO_RESULT) or attempt == IMAGE_TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def trace(self, index: int, image: np.ndarray, last: int, count: int) -> np.ndarray:
        """Sends an image, runs steps 0 .. ``last`` and returns the CRCs of what they left (docs/trace.md).

        After the last step of all the result is there as well: :meth:`result`.

        Args:
            count: of the CRCs expected: tensors of these steps, and one more for the logits.

        Returns:
            uint32 [count].

        Raises:
            DeviceError: the link or the device failed for good, or the firmware has other tensors.
        """
        data, found = image.tobytes(), b""
        while True:  # once more for every 64 CRCs: an inference overwrites the image
            more, made = self._trace_once(index, data, last, len(found) // 4)
            if made != count:
                raise DeviceError(
                    f"has {made} tensors to trace, the host {count}",
                    where=self.port.url,
                    hint="build and flash the firmware again",
                )
            found += more
            if len(found) >= 4 * count or not more:
                return np.frombuffer(found, "<u4", count)

    def _trace_once(self, index: int, data: bytes, last: int, first: int) -> tuple[bytes, int]:
        """CRCs from number ``first`` on, as many as a frame holds, and how many there are in all."""
        check = zlib.crc32(data)
        payload = struct.pack("<IIIII", self._session, index, check, last, first)
        for attempt in range(IMAGE_TRIES):
            try:
                self._write(index, data)
                reply = self._run(payload, frames.TRACE)
                echo = struct.pack("<IIIH", self._session, index, check, first)
                if reply[:14] != echo or len(reply) < 16 or len(reply) % 4:
                    raise DeviceError("sent the trace of another image", where=self.port.url)
                return reply[16:], struct.unpack_from("<H", reply, 14)[0]
            except RequestRefused as error:
                if error.code != frames.IMAGE_DAMAGED or attempt == IMAGE_TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def result(self, index: int, image: np.ndarray) -> DeviceResult:
        """The result of the image that was run or traced last."""
        return DeviceResult.decode(self._fetch(index, zlib.crc32(image.tobytes())), self.info)

    def read_tensor(self, index: int, image: np.ndarray, tensor: int, size: int) -> bytes:
        """The bytes, in canonical order, of a tensor that the last step of :meth:`trace` left."""
        data, check = b"", zlib.crc32(image.tobytes())
        while len(data) < size:
            reply = self._request(frames.READ, struct.pack("<IIII", self._session, index, tensor, len(data)))
            if reply[:16] != struct.pack("<IIII", self._session, index, check, len(data)) or len(reply) == 16:
                raise DeviceError("sent the tensor of another image", where=self.port.url)
            data += reply[16:]
        return data[:size]

    def _run(self, payload: bytes, kind: int = frames.RUN) -> bytes:
        """Sends RUN or TRACE; once the device's speed is known, a lost request is noticed after ten inferences."""
        patience = max(REPLY_SECONDS, 10 * self._slowest) if self._slowest else RUN_SECONDS
        started, retries = time.monotonic(), self.retries
        reply = self._request(kind, payload, min(patience, RUN_SECONDS))
        if self.retries == retries:  # else the time is that of the loss
            self._slowest = max(self._slowest, time.monotonic() - started)
        return reply

    def _write(self, index: int, data: bytes) -> None:
        for offset in range(0, len(data), self.info.chunk_bytes):
            chunk = data[offset : offset + self.info.chunk_bytes]
            payload = struct.pack("<III", self._session, index, offset) + chunk
            reply = self._request(frames.WRITE, payload)
            if reply != struct.pack("<II", index, offset + len(chunk)):
                raise DeviceError("acknowledged another part of the image", where=self.port.url)

    def _fetch(self, index: int, check: int) -> bytes:
        data = b""
        while len(data) < self.info.result_bytes:
            reply = self._request(frames.RESULT, struct.pack("<III", self._session, index, len(data)))
            if reply[:16] != struct.pack("<IIII", self._session, index, check, len(data)) or len(reply) == 16:
                raise DeviceError("sent the result of another image", where=self.port.url)
            data += reply[16:]
        return data[: self.info.result_bytes]

    def _request(self, kind: int, payload: bytes, seconds: float | None = None) -> bytes:
        """Sends a request until its reply comes, for ``seconds`` a try; returns the reply's payload."""
        seconds = REPLY_SECONDS if seconds is None else seconds
        self._sequence = (self._sequence + 1) & 0xFFFF
        encoded = Frame(kind, self._sequence, payload).encode()
        for attempt in range(TRIES):
            if attempt:
                self.retries += 1
            self._send(encoded)
            reply = self._await(kind, seconds, self._sequence)
            if reply is None:
                continue
            if reply.version != frames.VERSION:
                raise DeviceError(
                    f"speaks protocol version {reply.version}, this program {frames.VERSION}",
                    where=self.port.url,
                    hint="build and flash the firmware again",
                )
            if reply.kind == frames.ERROR:
                raise RequestRefused(reply.payload[0] if reply.payload else 0, self.port.url)
            return reply.payload
        noise = self._splitter.dropped
        if noise:
            raise DeviceError(f"answers with bytes that are no frames ({noise} so far)", where=self.port.url)
        raise DeviceError(
            f"is silent: no reply in {TRIES * seconds:.0f} s",
            where=self.port.url,
            hint="is the firmware of edge_snn on the board, and is this its port?",
        )

    def _send(self, encoded: bytes) -> None:
        try:
            self.port.write(encoded)
        except DeviceError as error:
            raise self._lost(error) from error

    def _await(self, kind: int, seconds: float, sequence: int) -> Frame | None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                data = self.port.read()
            except DeviceError as error:
                raise self._lost(error) from error
            if not data and self._death():
                raise DeviceError(self._death(), where=self.port.url)
            for frame in self._splitter.feed(data):
                if frame.sequence == sequence and frame.kind in (kind | frames.REPLY, frames.ERROR):
                    return frame
        return None

    def _lost(self, error: DeviceError) -> DeviceError:
        time.sleep(0.2)  # a dying emulator closes its socket before it can be waited for
        return DeviceError(self._death(), where=self.port.url) if self._death() else error
