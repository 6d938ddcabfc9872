"""Frames of the serial protocol and the messages in them. Specified in docs/protocol.md.

A frame is ``0x00 COBS(version, type, sequence, payload, CRC-32) 0x00``, little endian.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from cobs import cobs

VERSION = 2
HEADER = struct.Struct("<BBH")
CRC = struct.Struct("<I")
MAX_FRAME = 284

INFO, SESSION, WRITE, RUN, RESULT, BAUD = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
TRACE, READ = 0x10, 0x11
REPLY = 0x80
ERROR = 0xFF

ERRORS = {
    1: "speaks another protocol version",
    2: "does not know the request",
    3: "got a request of a wrong length",
    4: "is in another session (it was reset, or another host uses it)",
    5: "got an offset out of range",
    6: "got an image whose CRC differs",
    7: "has no result for this image",
    8: "failed in the inference",
    9: "has no such baud rate",
}
SESSION_LOST, IMAGE_DAMAGED, NO_RESULT, NO_BAUD = 4, 6, 7, 9
PART_BYTES = 256
"""Bytes of a result in one frame; the last one has what is left."""
FEATURE_TEXT, FEATURE_REPEATS = 1, 2


@dataclass(frozen=True)
class Frame:
    """One message.

    Attributes:
        kind: request, request | REPLY, or ERROR.
        sequence: 16 bits; a reply has that of its request.
        version: of the protocol.
    """

    kind: int
    sequence: int
    payload: bytes = b""
    version: int = VERSION

    def encode(self) -> bytes:
        """The bytes on the line, with a zero before and after."""
        body = HEADER.pack(self.version, self.kind, self.sequence) + self.payload
        return b"\0" + cobs.encode(body + CRC.pack(zlib.crc32(body))) + b"\0"


def decode(encoded: bytes) -> Frame | None:
    """The frame between two zeros, or None if it is damaged."""
    try:
        body = cobs.decode(encoded)
    except cobs.DecodeError:
        return None
    if not HEADER.size + CRC.size <= len(body) <= MAX_FRAME:
        return None
    body, check = body[: -CRC.size], body[-CRC.size :]
    if CRC.unpack(check)[0] != zlib.crc32(body):
        return None
    version, kind, sequence = HEADER.unpack_from(body)
    return Frame(kind, sequence, body[HEADER.size :], version)


class Splitter:
    """Cuts a stream of bytes into frames; whatever is no frame is counted and dropped.

    Attributes:
        dropped: bytes.
        damaged: pieces that a zero ended and that were no frames.
    """

    LIMIT = 1024

    def __init__(self) -> None:
        self._pending = bytearray()
        self.dropped = 0
        self.damaged = 0

    def feed(self, data: bytes) -> list[Frame]:
        """Returns the whole frames that ``data`` completes."""
        frames = []
        *parts, rest = data.split(b"\0")
        for part in parts:
            whole = bytes(self._pending) + part
            self._pending.clear()
            frame = decode(whole) if 0 < len(whole) <= self.LIMIT else None
            if frame is not None:
                frames.append(frame)
            else:
                self.dropped += len(whole)
                self.damaged += bool(whole)
        if len(self._pending) + len(rest) > self.LIMIT:
            self.dropped += len(self._pending) + len(rest)
            self._pending.clear()
            self._pending += b"\xff" * self.LIMIT  # too long already: whatever ends it is no frame
        else:
            self._pending += rest
        return frames


_INFO = struct.Struct("<IIIIIIIIHHHHHHHH32s16s24s16s32s16s8s")
_UNPRINTABLE = re.compile(r"[^ -~]")


@dataclass(frozen=True)
class Info:
    """What a device says of itself.

    Attributes:
        flash_bytes: 0 where it cannot tell.
        window: requests it takes in before it has answered the first.
        features: bits FEATURE_*.
        build_id: hexadecimal, of the sources its firmware was built from.
        clock: the counter that ticks are read from, e.g. "DWT CYCCNT".
        clock_unit: what a tick is on silicon, "cycles" or "ns"; an emulator's are executed instructions.
    """

    session: int
    clock_hz: int
    arena_bytes: int
    input_bytes: int
    flash_bytes: int
    stack_bytes: int
    stack_used: int
    baud: int
    chunk_bytes: int
    window: int
    timesteps: int
    classes: int
    steps: int
    counters: int
    result_bytes: int
    features: int
    model_sha256: str
    build_id: str
    board: str
    core: str
    model_name: str
    clock: str
    clock_unit: str

    @classmethod
    def decode(cls, payload: bytes) -> Info:
        """Reads the payload of an INFO reply; ValueError if it is none."""
        if len(payload) != _INFO.size:
            raise ValueError(f"an INFO reply has {_INFO.size} bytes, not {len(payload)}")
        *numbers, digest, build, board, core, name, clock, unit = _INFO.unpack(payload)
        texts = [text.split(b"\0")[0].decode("ascii", "replace") for text in (board, core, name, clock, unit)]
        printable = [_UNPRINTABLE.sub("?", text) for text in texts]
        info = cls(*numbers, digest.hex(), build.hex(), *printable)  # type: ignore[call-arg]
        words = info.classes + info.counters + info.steps
        if info.result_bytes != 32 + 4 * words + 8 or not (info.chunk_bytes and info.window and info.classes):
            raise ValueError("an INFO reply contradicts itself")
        return info


@dataclass(frozen=True)
class DeviceResult:
    """What a device computed for one image.

    Attributes:
        logits: int32 [classes].
        counts: int64 [counters], in the order of the model's counted layers.
        step_ticks: int64 [steps].
        ticks: of the whole inference.
        crcs: uint32, of every tensor and the logits (docs/trace.md); None unless it was traced.
    """

    logits: np.ndarray
    counts: np.ndarray
    step_ticks: np.ndarray
    ticks: int
    crcs: np.ndarray | None = None

    @classmethod
    def decode(cls, data: bytes, info: Info) -> DeviceResult:
        """Reads the bytes of a result, ``info.result_bytes`` of them; the first 32 name the model."""
        words = np.frombuffer(data[32:-8], "<u4")
        ends = np.cumsum([info.classes, info.counters])
        logits, counts, steps = np.split(words, ends)
        return cls(
            logits.view("<i4").astype(np.int32),
            counts.astype(np.int64),
            steps.astype(np.int64),
            int.from_bytes(data[-8:], "little"),
        )
