"""Source lines of addresses, from the debug information (DWARF .debug_line). A verdict never depends on them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from elftools.dwarf.dwarfinfo import DWARFInfo
from elftools.dwarf.ranges import BaseAddressEntry
from elftools.elf.elffile import ELFFile

ENTRY_LIMIT = 1 << 16
ADDRESS_LIMIT = 1000
# DWARF 5, 7.5.6: the forms that line tables use, all of them at least a byte long.
SIZES = {0x05: 2, 0x06: 4, 0x07: 8, 0x0B: 1, 0x0E: 4, 0x1E: 16, 0x1F: 4}
STRING, UDATA = 0x08, 0x0F

Place = tuple[str, int]


def lookup(data: bytes, addresses: Iterable[int]) -> dict[int, Place]:
    """File and line of each address that debug information tells of (of the first thousand).

    Args:
        data: a whole ELF file. What is damaged in it costs lines, nothing else.
    """
    wanted = sorted(set(addresses))[:ADDRESS_LIMIT]
    found: dict[int, Place] = {}
    if not wanted:
        return found
    try:
        file = ELFFile(BytesIO(data))
        names = (".debug_info", ".debug_line", ".debug_abbrev")
        parts = [part for part in map(file.get_section_by_name, names) if part is not None and not part.compressed]
        if len(parts) != len(names):
            return found
        dwarf = file.get_dwarf_info(relocate_dwarf_sections=False)
        line_section = parts[1].data()
        for unit in dwarf.iter_CUs():
            program = _line_program(dwarf, unit, line_section)
            if program is not None:
                here = _rows(program, wanted)
                found.update(here)
                found.update(_outside_intrinsics(dwarf, unit, program, sorted(here)))
    except Exception:  # whatever a damaged file makes pyelftools raise: the findings stand without lines
        return found
    return found


def _line_program(dwarf: DWARFInfo, unit: Any, section: bytes) -> Any:
    attribute = unit.get_top_DIE().attributes.get("DW_AT_stmt_list")
    if attribute is None or not _header_is_finite(section, attribute.value):
        return None
    return dwarf.line_program_for_CU(unit)


def _rows(program: Any, wanted: list[int]) -> dict[int, Place]:
    found: dict[int, Place] = {}
    rows: list[Any] = []
    for entry in program.get_entries():
        if entry.state is None:
            continue
        rows.append(entry.state)
        if entry.state.end_sequence:
            if rows[0].address:  # what the linker threw away lies at 0
                _sequence(program, rows, wanted, found)
            rows = []
    return found


def _outside_intrinsics(dwarf: DWARFInfo, unit: Any, program: Any, wanted: list[int]) -> dict[int, Place]:
    """For code of an intrinsic (an inlined function marked artificial, as in arm_mve.h) the line that calls it."""
    found: dict[int, Place] = {}
    if not wanted:
        return found
    for die in unit.iter_DIEs():  # outer ones first: of intrinsics within intrinsics the first call holds
        if die.tag != "DW_TAG_inlined_subroutine":
            continue
        origin = die.get_DIE_from_attribute("DW_AT_abstract_origin")
        line = die.attributes.get("DW_AT_call_line")
        if line is None or "DW_AT_artificial" not in origin.attributes:
            continue
        parts = _spans(dwarf, unit, die)
        for address in wanted:
            if any(low <= address < high for low, high in parts):
                found.setdefault(address, (_file(program, die.attributes["DW_AT_call_file"].value), line.value))
    return found


def _spans(dwarf: DWARFInfo, unit: Any, die: Any) -> list[tuple[int, int]]:
    attributes = die.attributes
    if "DW_AT_low_pc" in attributes and "DW_AT_high_pc" in attributes:
        low, high = attributes["DW_AT_low_pc"].value, attributes["DW_AT_high_pc"]
        return [(low, high.value if high.form == "DW_FORM_addr" else low + high.value)]
    lists = dwarf.range_lists()
    if "DW_AT_ranges" not in attributes or lists is None:
        return []
    first = unit.get_top_DIE().attributes.get("DW_AT_low_pc")
    base, spans = (first.value if first else 0), []
    for entry in lists.get_range_list_at_offset(attributes["DW_AT_ranges"].value, unit):
        if isinstance(entry, BaseAddressEntry):
            base = entry.base_address
        else:
            shift = 0 if getattr(entry, "is_absolute", False) else base
            spans.append((entry.begin_offset + shift, entry.end_offset + shift))
    return spans


def _sequence(program: Any, rows: list[Any], wanted: list[int], found: dict[int, Place]) -> None:
    for address in wanted:
        if not rows[0].address <= address < rows[-1].address:
            continue
        row = max((row for row in rows[:-1] if row.address <= address), key=lambda row: row.address)
        # max() takes the first of rows at one address; the last one holds
        row = [item for item in rows[:-1] if item.address == row.address][-1]
        found[address] = (_file(program, row.file), row.line)


def _file(program: Any, index: int) -> str:
    header = program.header
    old = header.version < 5
    entry = header.file_entry[index - 1 if old else index]
    name = entry.name.decode("utf-8", "replace")
    folders = header.include_directory
    if old:
        folder = folders[entry.dir_index - 1] if entry.dir_index else b""
    else:
        folder = folders[entry.dir_index]
    return os.path.normpath(os.path.join(folder.decode("utf-8", "replace"), name))


def _header_is_finite(section: bytes, offset: int) -> bool:
    """Whether the tables of a DWARF 5 header end within the section; entries without a size could go on for ever."""
    if int.from_bytes(section[offset + 4 : offset + 6], "little") < 5:
        return True  # lists that end with a zero byte, or with the section
    at = offset + 18 + section[offset + 17] - 1 if offset + 17 < len(section) else len(section)
    for _ in ("folders", "files"):
        forms = []
        at, count = at + 1, section[at]
        for _ in range(count):
            _, at = _uleb(section, at)
            form, at = _uleb(section, at)
            forms.append(form)
        count, at = _uleb(section, at)
        if count > ENTRY_LIMIT or (count and not forms) or not all(form in {STRING, UDATA, *SIZES} for form in forms):
            return False
        for _ in range(count):
            for form in forms:
                if form == STRING:
                    at = section.index(b"\0", at) + 1
                elif form == UDATA:
                    _, at = _uleb(section, at)
                else:
                    at += SIZES[form]
    return at <= len(section)


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at
