"""A port that damages what passes through it, in both directions."""

from __future__ import annotations

import random
import time
from collections import Counter

KINDS = ("flip", "drop", "double", "delay", "insert")
DELAY_SECONDS = 0.01  # at the most


class FaultyPort:
    """Wraps a Port: a share of the bytes is flipped, dropped, doubled, delayed or gets company, from a seed.

    Attributes:
        done: how often each kind of fault was done.
    """

    def __init__(self, port, share: float, seed: int = 0) -> None:
        self.inner, self.share = port, share
        self.rng = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.held = bytearray()  # from the device, behind a delayed byte
        self.until = 0.0

    @property
    def url(self) -> str:
        return self.inner.url

    @property
    def baud(self) -> int:
        return self.inner.baud

    def _faulty(self, data: bytes):
        """Yields pieces of the damaged data; None stands for a delay."""
        out = bytearray()
        for byte in data:
            if self.rng.random() >= self.share:
                out.append(byte)
                continue
            kind = self.rng.choice(KINDS)
            self.done[kind] += 1
            if kind == "flip":
                out.append(byte ^ (1 << self.rng.randrange(8)))
            elif kind == "double":
                out += bytes([byte, byte])
            elif kind == "insert":
                out += bytes([self.rng.randrange(256), byte])
            elif kind == "delay":
                yield bytes(out)
                yield None
                out = bytearray([byte])
        yield bytes(out)

    def read(self) -> bytes:
        if self.held:
            time.sleep(max(0.0, self.until - time.monotonic()))
            data = bytes(self.held)
            self.held.clear()
            return data
        first = bytearray()
        late = False
        for piece in self._faulty(self.inner.read()):
            if piece is None:
                late = True
                self.until = time.monotonic() + self.rng.random() * DELAY_SECONDS
            else:
                (self.held if late else first).extend(piece)
        return bytes(first)

    def write(self, data: bytes) -> None:
        for piece in self._faulty(data):
            if piece is None:
                time.sleep(self.rng.random() * DELAY_SECONDS)
            elif piece:
                self.inner.write(piece)

    def set_baud(self, baud: int) -> None:
        self.inner.set_baud(baud)

    def drain(self, seconds: float = 0.1) -> int:
        return self.inner.drain(seconds)

    def close(self) -> None:
        self.inner.close()
