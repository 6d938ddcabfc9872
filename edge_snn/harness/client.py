"""Talks to one device: sessions, images, results."""

from __future__ import annotations

import contextlib
import secrets
import struct
import zlib
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from edge_snn.errors import DeviceError
from edge_snn.harness import frames
from edge_snn.harness.frames import DeviceResult, Info
from edge_snn.harness.link import Link, RequestRefused
from edge_snn.harness.transport import DEFAULT_BAUD, Port

__all__ = ["Device", "RequestRefused"]

IMAGE_TRIES = 10
SESSION_TRIES = 10
BAUD_TRIES = 3
BAUD_PROBES = (0.1, 0.2, 0.4)
T = TypeVar("T")


class Device:
    """A device on a port, after :meth:`connect`.

    Every request is idempotent, so it is simply sent again when its reply does not come: a byte lost on
    the line costs time and nothing else. A device that was reset has lost its session number; it says so, gets
    a new one, and the image is sent again from the start.

    Attributes:
        info: what the device said of itself.
        resets: how often it was found without our session.
        image_bytes: payload of the images whose results came.
    """

    def __init__(self, port: Port, death: Callable[[], str] = lambda: "", floor: float | None = None) -> None:
        """Takes an open port.

        Args:
            death: tells how the emulator behind it ended, if it did.
            floor: the shortest time-out of a reply, seconds.
        """
        self.port = port
        self.link = Link(port, death, floor)
        self._session = 0
        self._expected: tuple[str, str | None, str | None] = ("", None, None)
        self._wanted_baud = DEFAULT_BAUD
        self._baud_tries = 0
        self.resets = 0
        self.image_bytes = 0
        self.info: Info

    @property
    def retries(self) -> int:
        """Requests that were sent again."""
        return self.link.retries

    @property
    def sent_bytes(self) -> int:
        """Bytes that went to the device."""
        return self.link.sent_bytes

    def connect(self, sha256: str, board: str | None = None, build_id: str | None = None) -> Info:
        """Says hello: reads INFO, refuses another model, board or build by name, opens a session.

        Args:
            sha256: of the model; build_id: of the firmware this program would build, None for any.

        Raises:
            DeviceError: silent or talking rubbish, another protocol, model, board or build.
        """
        self._expected = (sha256, board, build_id)
        self.link.knock()
        self._open_session()
        return self.info

    def _open_session(self) -> None:
        self.info = self.read_info()
        self._refuse_others()
        self._session = secrets.randbelow((1 << 32) - 1) + 1
        self.link.request(frames.SESSION, struct.pack("<I", self._session))
        self.link.window = self.info.window

    def _refuse_others(self) -> None:
        sha256, board, build_id = self._expected
        info, where = self.info, self.port.url
        if info.model_sha256 != sha256:
            raise DeviceError(
                f"runs another model: {info.model_name!r}, sha256 {info.model_sha256[:12]}.., "
                f"the host has {sha256[:12]}..",
                where=where,
                hint="build and flash the firmware of this model",
            )
        if board is not None and info.board != board:
            raise DeviceError(f"is board {info.board!r}, not {board!r}", where=where)
        if build_id is not None:
            self.require_build(build_id)

    def require_build(self, build_id: str) -> None:
        """Refuses, now and after every reset, firmware that was not built from the sources with this id."""
        self._expected = (*self._expected[:2], build_id)
        info, where = self.info, self.port.url
        if info.build_id != build_id:
            raise DeviceError(
                f"runs stale firmware of this model: build {info.build_id[:12]}, these sources make {build_id[:12]}",
                where=where,
                hint="build and flash the firmware again",
            )

    def read_info(self) -> Info:
        """Reads INFO anew (the stack's high-water mark grows while it works)."""
        reply = self.link.request(frames.INFO, b"")
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
        result = self.insist(lambda: self._once(index, data))
        self.image_bytes += len(data)
        return result

    def insist(self, action: Callable[[], T]) -> T:
        """Does something with an image from its start until it succeeds: the device may lose the image or be reset."""
        lost = damaged = 0
        while True:
            self._restore_baud()
            try:
                return action()
            except RequestRefused as error:
                if error.code == frames.SESSION_LOST and lost < SESSION_TRIES:
                    lost += 1
                    self.resets += 1
                    self._open_session()
                elif error.code in (frames.IMAGE_DAMAGED, frames.NO_RESULT) and damaged < IMAGE_TRIES:
                    damaged += 1
                else:
                    raise

    def _once(self, index: int, data: bytes) -> DeviceResult:
        """Sends the image in chunks, the last one within RUN, and reads the result in parts."""
        last = (len(data) - 1) // self.info.chunk_bytes * self.info.chunk_bytes
        self.write(data[:last])
        return self._decode(self.link.run(self.named(index, data), data[last:], self.info.result_bytes))

    def named(self, index: int, data: bytes) -> bytes:
        """What names an image in requests and replies: session, index, CRC-32."""
        return struct.pack("<III", self._session, index, zlib.crc32(data))

    def write(self, data: bytes) -> None:
        """Sends the beginning of an image, or all of it."""
        chunk, session = self.info.chunk_bytes, struct.pack("<I", self._session)
        pieces = [(start, data[start : start + chunk]) for start in range(0, len(data), chunk)]
        requests = [(frames.WRITE, session + struct.pack("<I", start) + piece) for start, piece in pieces]
        for (start, piece), reply in zip(pieces, self.link.exchange(requests)):
            if reply != struct.pack("<I", start + len(piece)):
                raise DeviceError("acknowledged another part of the image", where=self.port.url)

    def result(self, index: int, data: bytes) -> DeviceResult:
        """The result that the device has in memory, if it is that of this image."""
        return self._decode(self.link.result(self.named(index, data), self.info.result_bytes))

    def _decode(self, body: bytes) -> DeviceResult:
        if body[:32].hex() != self.info.model_sha256:
            raise DeviceError("answered for another model", where=self.port.url)
        return DeviceResult.decode(body, self.info)

    def set_baud(self, baud: int) -> bool:
        """Asks the device for another baud rate and proves that it works.

        Where it does not, both sides return to the default: the host now, the device as soon as it has heard no
        whole frame for two seconds. Returns whether the rate is in use; it is asked for again after a reset.
        """
        self._wanted_baud = baud
        try:
            self.link.request(frames.BAUD, struct.pack("<II", self._session, baud))
        except RequestRefused as error:
            if error.code != frames.NO_BAUD:
                raise
            self._wanted_baud = DEFAULT_BAUD
            return False
        self.port.set_baud(baud)
        for seconds in BAUD_PROBES:
            if self.link.probe(seconds):
                return True
        self._baud_tries += 1
        self.port.set_baud(DEFAULT_BAUD)
        if self._baud_tries >= BAUD_TRIES:
            self._wanted_baud = DEFAULT_BAUD
        return False

    def _restore_baud(self) -> None:
        """Asks once more for the wanted rate, after the link fell back to the default."""
        if self.port.baud != self._wanted_baud:
            try:
                self.set_baud(self._wanted_baud)
            except RequestRefused as error:
                if error.code != frames.SESSION_LOST:  # the image that follows will notice, and open a new one
                    raise

    def close(self) -> None:
        """Leaves the device at the default baud rate, as the next host expects it."""
        if self.port.baud != DEFAULT_BAUD:
            with contextlib.suppress(DeviceError):  # it may be gone; it returns by itself
                self.set_baud(DEFAULT_BAUD)
            self.port.set_baud(DEFAULT_BAUD)
