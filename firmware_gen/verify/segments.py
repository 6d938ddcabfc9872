"""What a loader or a flasher takes out of an ELF: its program headers, held against the sections that are decoded.

Sections tell tools where code is; segments (PT_LOAD) are what comes to the chip. A proof about sections holds for the
chip only where both are the same bytes at the same addresses, so that is demanded here, byte by byte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from edge_snn.errors import InputError

PT_LOAD = 1
ENTRY_BYTES = 32
COUNT_LIMIT = 64
ADDRESS_END = 1 << 32
FILLING = (b"\0", b"\xff")  # what linkers and erased flash have between sections


@dataclass(frozen=True)
class Segment:
    """One PT_LOAD.

    Attributes:
        offset: of its contents in the file.
        address: where the program sees it (p_vaddr).
        load: where it is written to (p_paddr): elsewhere if start-up code copies it to RAM.
        size: bytes in the file.
        memory: bytes at ``address``; what goes beyond ``size`` holds zeros.
    """

    offset: int
    address: int
    load: int
    size: int
    memory: int


@dataclass(frozen=True)
class Place:
    """An allocated section with contents: address, place in the file, size; never empty."""

    address: int
    offset: int
    size: int


def load_segments(data: bytes, table: int, entry_size: int, count: int) -> tuple[Segment, ...]:
    """Reads and checks the program headers.

    Args:
        data: the whole file.
        table, entry_size, count: e_phoff, e_phentsize and e_phnum.

    Raises:
        InputError: none, damaged, out of the file, or on top of each other.
        struct.error: the table reaches out of the file.
    """
    if count == 0:
        raise InputError("has no program headers, so nothing of it is loaded")
    if entry_size != ENTRY_BYTES or count > COUNT_LIMIT:  # PN_XNUM (0xffff), a count kept elsewhere, is among these
        raise InputError(f"has program headers that cannot be read ({count} of {entry_size} bytes)")
    found = []
    for index in range(count):
        kind, offset, address, load, size, memory, _, align = struct.unpack_from(
            "<IIIIIIII", data, table + ENTRY_BYTES * index
        )
        if kind != PT_LOAD or (not memory and not size):
            continue
        _check(index, Segment(offset, address, load, size, memory), len(data), align)
        found.append(Segment(offset, address, load, size, memory))
    if not any(segment.size for segment in found):
        raise InputError("has no program header that loads anything")
    if sum(segment.size for segment in found) > len(data):
        raise InputError("loads more than the file holds")
    _overlaps(found)
    return tuple(found)


def _check(index: int, segment: Segment, file_size: int, align: int) -> None:
    why = ""
    if segment.size > segment.memory:
        why = "is larger in the file than in memory"
    elif segment.size and segment.offset + segment.size > file_size:
        why = "reaches out of the file"
    elif segment.address + segment.memory > ADDRESS_END or segment.load + segment.size > ADDRESS_END:
        why = "reaches beyond the last address"
    elif align & (align - 1) or (align > 1 and segment.size and (segment.address - segment.offset) % align):
        why = f"is not aligned as it says ({align:#x})"
    if why:
        raise InputError(f"program header {index} {why}")


def _overlaps(segments: list[Segment]) -> None:
    """Refuses two contents for one address, where the program sees it or where it is written."""
    ranges = [(item, item.address, item.address + item.memory, "is seen") for item in segments]
    ranges += [(item, item.load, item.load + item.size, "is written") for item in segments if item.size]
    for (one, first, first_end, _), (other, second, second_end, _) in combinations(ranges, 2):
        if one is other and one.load == one.address:
            continue
        if first < second_end and second < first_end:
            raise InputError(f"loads two contents to one address ({max(first, second):#x})")


def place_of(segments: Iterable[Segment], section: Place) -> Segment:
    """The segment that brings a section to the chip.

    Raises:
        InputError: none does, or one that has other bytes at the section's address.
    """
    for segment in segments:
        if segment.address <= section.address < segment.address + segment.memory:
            if section.address + section.size > segment.address + segment.size:
                break
            if section.address - segment.address != section.offset - segment.offset:
                raise InputError(f"what is loaded to {section.address:#x} is not the section there")
            return segment
    raise InputError(f"the section at {section.address:#x} is not loaded by any program header")


def check_covered(
    data: bytes, segments: Iterable[Segment], sections: Iterable[Place], headers: Iterable[range]
) -> None:
    """Refuses contents that are loaded and belong to no section, or to two: nothing would decode them, or twice.

    Args:
        headers: places in the file of the ELF's own headers, which many linkers load along.

    Raises:
        InputError: there are such contents; none are zeros or 0xff throughout.
    """
    sections = sorted(sections, key=lambda item: item.address)
    for before, after in zip(sections, sections[1:]):
        if after.address < before.address + before.size:
            raise InputError(f"has two sections at one address ({after.address:#x})")
    own = [(part.start, part.stop) for part in headers]
    held: dict[Segment, list[tuple[int, int]]] = {segment: list(own) for segment in segments}
    for item in sections:
        held[place_of(held, item)].append((item.offset, item.offset + item.size))
    for segment, known in held.items():
        at, end = segment.offset, segment.offset + segment.size
        for begin, behind in [*sorted(known), (end, end)]:
            gap = data[at : min(max(begin, at), end)]
            if gap and gap.strip(gap[:1] if gap[:1] in FILLING else b""):
                address = segment.address + at - segment.offset
                raise InputError(f"loads {len(gap)} bytes to {address:#x} that belong to no section")
            at = min(max(at, behind), end)
