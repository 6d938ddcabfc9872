"""What the proof needs of a linked ELF: code, functions, and where data lies between the code.

Read with ``struct`` and every length checked: the file may be damaged or hostile.
"""

from __future__ import annotations

import bisect
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from edge_snn.errors import InputError
from edge_snn.files import read_bytes
from firmware_gen.verify import attributes
from firmware_gen.verify.segments import Place, check_covered, load_segments, place_of

FILE_LIMIT = 64 << 20
SECTION_LIMIT = 4096
NAME_LIMIT = 512
EM_ARM = 40
SHT_SYMTAB, SHT_NOBITS, SHT_ARM_ATTRIBUTES = 2, 8, 0x70000003
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR, SHF_COMPRESSED, SHF_ARM_PURECODE = 1, 2, 4, 0x800, 0x20000000
ELF_HEADER_BYTES = 52
RAM = range(0x20000000, 0x40000000)  # of every Cortex-M (Armv7-M ARM, B3.1; Armv6-M ARM, B3.1)
STT_OBJECT, STT_FUNC = 1, 2
NESTING_LIMIT = 64


@dataclass(frozen=True)
class Section:
    """Contents of an allocated section, at the address where the program sees them.

    Attributes:
        load: where they are written to.
        changes: the program may write there: the section says so, its contents are copied there, or RAM lies there.
    """

    address: int
    load: int
    content: bytes
    is_code: bool
    pure_code: bool
    changes: bool

    @property
    def end(self) -> int:
        return self.address + len(self.content)


@dataclass(frozen=True)
class Function:
    """A function symbol; ``end`` is the first address behind it."""

    name: str
    address: int
    end: int


@dataclass(frozen=True)
class Program:
    """A linked program.

    Attributes:
        data: the whole file.
        sections: allocated ones that have contents.
        functions: by address, one for each place; names of others at the same place are in ``aliases``.
        aliases: name -> function; of two local functions with one name the last.
        objects: (address, end) of data symbols.
        marks: sorted mapping symbols (address, "t" | "d" | "a"): from here on Thumb code, data, Arm code.
        start: where the file says that execution starts, without the Thumb bit.
    """

    path: Path
    data: bytes
    arch: attributes.Arch
    sections: tuple[Section, ...]
    functions: tuple[Function, ...]
    aliases: dict[str, Function]
    objects: tuple[tuple[int, int], ...]
    marks: tuple[tuple[int, str], ...]
    start: int

    @cached_property
    def starts(self) -> dict[int, Function]:
        """Functions by their first address."""
        return {function.address: function for function in self.functions}

    @cached_property
    def names(self) -> dict[int, list[str]]:
        """All names of the functions that begin at an address."""
        found: dict[int, list[str]] = {}
        for name, function in self.aliases.items():
            found.setdefault(function.address, []).append(name)
        return found

    @cached_property
    def _addresses(self) -> list[int]:
        return [function.address for function in self.functions]

    def containing(self, address: int) -> Function | None:
        """The innermost function around an address, if any (looked for among the 64 that start last before it)."""
        at = bisect.bisect_right(self._addresses, address)
        for function in reversed(self.functions[max(0, at - NESTING_LIMIT) : at]):
            if address < function.end:
                return function
        return None

    def section(self, address: int, size: int = 1) -> Section | None:
        """The section that has all of these bytes."""
        for section in self.sections:
            if section.address <= address and address + size <= section.end:
                return section
        return None

    def read(self, address: int, size: int) -> bytes:
        """Contents at an address; b"" where there are none, or not all."""
        section = self.section(address, size)
        return section.content[address - section.address : address - section.address + size] if section else b""

    def word(self, address: int) -> int | None:
        """The 32-bit word at an address."""
        content = self.read(address, 4)
        return int.from_bytes(content, "little") if content else None

    def ranges(self, begin: int, end: int) -> list[tuple[int, int, str]]:
        """[begin, end) cut at mapping symbols: (first, behind last, kind)."""
        at = bisect.bisect_right(self.marks, (begin, "~"))
        kind = self.marks[at - 1][1] if at else "t"
        found = []
        for place, following in self.marks[at:]:
            if place >= end:
                break
            found.append((begin, place, kind))
            begin, kind = place, following
        found.append((begin, end, kind))
        return [item for item in found if item[0] < item[1]]


def load(path: Path) -> Program:
    """Reads a linked program for a Cortex-M.

    Raises:
        InputError: no such file, not such a program, damaged, stripped of its symbols.
    """
    data = read_bytes(path, FILE_LIMIT)
    try:
        return _parse(path, data)
    except (struct.error, _DamagedError) as error:
        raise InputError("is not an ELF file, or a damaged one", where=str(path)) from error
    except InputError as error:
        raise InputError(error.diagnostic.reason, where=str(path), hint=error.diagnostic.hint) from error


class _DamagedError(Exception):
    pass


@dataclass(frozen=True)
class _Header:
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int


def _parse(path: Path, data: bytes) -> Program:
    if data[:4] != b"\x7fELF":
        raise _DamagedError
    if data[4:6] != b"\x01\x01":
        raise InputError("is not a 32-bit little-endian program")
    fields = struct.unpack_from("<HHIIIIIHHHHHH", data, 16)
    table, table_entry, table_count = fields[4], fields[8], fields[9]
    kind, machine, start, offset, entry_size, count = fields[0], fields[1], fields[3], fields[5], fields[10], fields[11]
    if machine != EM_ARM:
        raise InputError("is not a program for Arm")
    if kind != 2:
        raise InputError("is not a linked program", hint="verify the ELF that is flashed, not an object file")
    if entry_size != 40 or not 0 < count <= SECTION_LIMIT:
        raise _DamagedError
    headers = []
    for index in range(count):
        values = struct.unpack_from("<IIIIIIIIII", data, offset + 40 * index)
        headers.append(_Header(*values[1:7]))
    loaded = [item for item in headers if item.flags & SHF_ALLOC and item.kind != SHT_NOBITS and item.size]
    places = [Place(item.address, item.offset, item.size) for item in loaded]
    segments = load_segments(data, table, table_entry, table_count)
    holders = [place_of(segments, place) for place in places]
    own = (range(ELF_HEADER_BYTES), range(table, table + table_entry * table_count))
    check_covered(data, segments, places, own)
    contents = [_content(data, item) for item in loaded]
    sections = tuple(
        Section(
            item.address,
            holder.load + item.address - holder.address,
            content,
            bool(item.flags & SHF_EXECINSTR),
            bool(item.flags & SHF_ARM_PURECODE),
            bool(item.flags & SHF_WRITE) or holder.load != holder.address or item.address in RAM,
        )
        for item, content, holder in zip(loaded, contents, holders)
    )
    told = [_content(data, item) for item in headers if item.kind == SHT_ARM_ATTRIBUTES]
    if not told:
        raise InputError("has no build attributes (.ARM.attributes), so its core is unknown")
    tables = [item for item in headers if item.kind == SHT_SYMTAB]
    if not tables or tables[0].link >= len(headers):
        raise InputError("has no symbols", hint="verify the ELF before it is stripped")
    symbols = _symbols(_content(data, tables[0]), _content(data, headers[tables[0].link]), headers)
    functions, aliases = _functions(symbols, sections)
    marks = sorted(
        {(value, name[1]) for name, value, _, _ in symbols if name[:2] in ("$t", "$d", "$a") and name[2:3] in ("", ".")}
    )
    if not marks:
        raise InputError("has no mapping symbols ($t, $d), so code and data cannot be told apart")
    objects = tuple(sorted((value, value + size) for _, value, size, kind in symbols if kind == STT_OBJECT and size))
    return Program(
        path, data, attributes.parse(told[0]), sections, functions, aliases, objects, tuple(marks), start & ~1
    )


def _content(data: bytes, header: _Header) -> bytes:
    if header.kind == SHT_NOBITS or header.flags & SHF_COMPRESSED or header.offset + header.size > len(data):
        raise _DamagedError
    return data[header.offset : header.offset + header.size]


def _symbols(table: bytes, strings: bytes, headers: list[_Header]) -> list[tuple[str, int, int, int]]:
    """(name, value, size, type) of every symbol that has a place in memory.

    Debug sections have mapping symbols of their own, whose values are places in these sections, not addresses.
    """
    found = []
    for name_at, value, size, info, _, section in struct.iter_unpack("<IIIBBH", table[: len(table) // 16 * 16]):
        if section == 0 or info & 15 > STT_FUNC:
            continue
        if section < len(headers) and not headers[section].flags & SHF_ALLOC:
            continue
        end = strings.find(b"\0", name_at, name_at + NAME_LIMIT)
        found.append((strings[name_at:end].decode("utf-8", "replace"), value, size, info & 15) if end >= 0 else _bad())
    return found


def _bad() -> tuple[str, int, int, int]:
    raise _DamagedError


def _functions(
    symbols: list[tuple[str, int, int, int]], sections: tuple[Section, ...]
) -> tuple[tuple[Function, ...], dict[str, Function]]:
    """Function symbols; one without a size (assembly) reaches to the next function or the end of its section."""
    sizes: dict[int, int] = {}
    names: dict[int, list[str]] = {}
    for name, value, size, kind in symbols:
        if kind == STT_FUNC and name:
            address = value & ~1
            sizes[address] = max(size, sizes.get(address, 0))
            names.setdefault(address, []).append(name)
    places = sorted(sizes)
    functions, aliases = [], {}
    for index, address in enumerate(places):
        section = next((item for item in sections if item.address <= address < item.end), None)
        if section is None:
            continue  # discarded, or absolute: there is nothing to read
        behind = places[index + 1] if index + 1 < len(places) else section.end
        end = address + sizes[address] if sizes[address] else min(behind, section.end)
        if end > section.end:
            raise _DamagedError
        function = Function(min(names[address], key=lambda name: (name.startswith("_"), len(name), name)), address, end)
        functions.append(function)
        aliases.update(dict.fromkeys(names[address], function))
    return tuple(functions), aliases
