"""One arena for everything: buffers with lifetimes, packed so that no two live ones overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

ALIGNMENT = 8


def aligned(size: int) -> int:
    """Bytes rounded up to :data:`ALIGNMENT`."""
    return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True)
class Buffer:
    """Some bytes of the arena from step ``first`` to step ``last``, both included.

    Attributes:
        name: of the edge, or "STEP (scratch)".
        kind: what it holds, for people.
        size: bytes, rounded up to :data:`ALIGNMENT`.
        offset: bytes from the start of the arena; -1 before packing.
    """

    name: str
    kind: str
    size: int
    first: int
    last: int
    offset: int = -1

    def __post_init__(self) -> None:
        if self.size <= 0 or self.first > self.last:
            raise ValueError(f"buffer {self.name!r} has no size or no lifetime")
        object.__setattr__(self, "size", aligned(self.size))

    def meets(self, other: Buffer) -> bool:
        """Whether both are alive at some step."""
        return self.first <= other.last and other.first <= self.last


ORDERS: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
    lambda buffer: (-buffer.size, buffer.first),
    lambda buffer: (-(buffer.last - buffer.first), -buffer.size),
    lambda buffer: (buffer.first, -buffer.size),
    lambda buffer: (-buffer.size * (buffer.last - buffer.first + 1), buffer.first),
)


def pack(buffers: Iterable[Buffer]) -> tuple[Buffer, ...]:
    """Gives every buffer an offset: best fit, in several orders, the smallest arena wins."""
    items = tuple(buffers)
    return min((_pack_in(sorted(items, key=order)) for order in ORDERS), key=arena_bytes)


def _pack_in(buffers: list[Buffer]) -> tuple[Buffer, ...]:
    placed: list[Buffer] = []
    for buffer in buffers:
        busy = sorted((other.offset, other.offset + other.size) for other in placed if other.meets(buffer))
        best, best_gap, edge = -1, 0, 0
        for start, end in busy:
            gap = start - edge
            if gap >= buffer.size and (best < 0 or gap < best_gap):
                best, best_gap = edge, gap
            edge = max(edge, end)
        placed.append(replace(buffer, offset=edge if best < 0 else best))
    return tuple(placed)


def arena_bytes(buffers: Iterable[Buffer]) -> int:
    """Size of the arena that holds the buffers."""
    return max((buffer.offset + buffer.size for buffer in buffers), default=ALIGNMENT)


def check(buffers: tuple[Buffer, ...]) -> None:
    """Raises AssertionError if two live buffers overlap: the packer's own proof."""
    for index, a in enumerate(buffers):
        for b in buffers[index + 1 :]:
            apart = a.offset + a.size <= b.offset or b.offset + b.size <= a.offset
            if a.meets(b) and not apart:
                raise AssertionError(f"buffers {a.name!r} and {b.name!r} overlap")
