"""Build attributes of an ELF for Arm (.ARM.attributes): for which core it was built.

Source: Addenda to, and Errata in, the ABI for the Arm Architecture (ADDENDA32), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_snn.errors import InputError

TAG_FILE, TAG_CPU_NAME, TAG_CPU_ARCH, TAG_CPU_PROFILE, TAG_COMPATIBILITY, TAG_MVE_ARCH = 1, 5, 6, 7, 32, 48
STRING_TAGS = {4, TAG_CPU_NAME}
PROFILE_M = ord("M")
ARCHES = {10: "v7-M", 11: "v6-M", 12: "v6S-M", 13: "v7E-M", 16: "v8-M.baseline", 17: "v8-M.mainline"}
V81 = 21
ARCHES[V81] = "v8.1-M.mainline"


@dataclass(frozen=True)
class Arch:
    """What a program was built for.

    Attributes:
        core: the compiler's name for it, e.g. "cortex-m55" or "7E-M".
        name: of the architecture, e.g. "v7E-M".
        v81: Armv8.1-M, where capstone cannot decode everything.
        mve: 0 without Helium, 1 with integers only, 2 with floating point.
    """

    core: str
    name: str
    v81: bool
    mve: int


def parse(content: bytes) -> Arch:
    """Reads the section.

    Raises:
        InputError: damaged, or not for a Cortex-M.
    """
    values: dict[int, int | str] = {}
    try:
        for vendor, part in _vendors(content):
            if vendor == "aeabi":
                values.update(_file_attributes(part))
    except (IndexError, ValueError) as error:
        raise InputError("its build attributes are damaged") from error
    arch = values.get(TAG_CPU_ARCH)
    core = str(values.get(TAG_CPU_NAME, ""))
    if not isinstance(arch, int) or arch not in ARCHES or values.get(TAG_CPU_PROFILE, PROFILE_M) != PROFILE_M:
        raise InputError(f"is not built for a Cortex-M (architecture {arch}, {core or 'no name'})")
    mve = values.get(TAG_MVE_ARCH, 0)
    return Arch(core, ARCHES[arch], arch == V81, mve if isinstance(mve, int) else 0)


def _vendors(content: bytes) -> list[tuple[str, bytes]]:
    if content[:1] != b"A":
        raise ValueError("unknown version")
    found, at = [], 1
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "little")
        if size < 5 or at + size > len(content):
            raise ValueError("length")
        end = content.index(b"\0", at + 4, at + size)
        found.append((content[at + 4 : end].decode("latin-1"), content[end + 1 : at + size]))
        at += size
    return found


def _file_attributes(part: bytes) -> dict[int, int | str]:
    values: dict[int, int | str] = {}
    at = 0
    while at < len(part):
        tag, head = _uleb(part, at)
        size = int.from_bytes(part[head : head + 4], "little")
        if size < head + 4 - at or at + size > len(part):
            raise ValueError("length")
        if tag == TAG_FILE:
            values.update(_pairs(part[head + 4 : at + size]))
        at += size
    return values


def _pairs(data: bytes) -> dict[int, int | str]:
    values: dict[int, int | str] = {}
    at = 0
    while at < len(data):
        tag, at = _uleb(data, at)
        if tag == TAG_COMPATIBILITY:
            _, at = _uleb(data, at)
        if tag in STRING_TAGS or tag == TAG_COMPATIBILITY or (tag > TAG_COMPATIBILITY and tag % 2):
            end = data.index(b"\0", at)
            values[tag], at = data[at:end].decode("latin-1"), end + 1
        else:
            values[tag], at = _uleb(data, at)
    return values


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(5):
        byte = data[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("number too long")
