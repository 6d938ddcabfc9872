"""The multiply check reads what is loaded to the chip: program headers and sections must be the same bytes."""

from __future__ import annotations

import struct
import time

import pytest

from edge_snn.errors import InputError
from firmware_gen.verify import verify
from tests.firmware.arm import SYSTICK, VECTORS, link, small_elf

pytestmark = pytest.mark.qemu
ADD = "int initialised = 7; int esnn_model_infer(int a, int b) { return a + b + initialised; }\n"
MULS = struct.pack("<HH", 0x4348, 0x4770)  # muls r0, r1; bx lr
LOAD, HEADER = 1, 32
OFFSET, ADDRESS, PHYSICAL, IN_FILE, IN_MEMORY, ALIGN = 4, 8, 12, 16, 20, 28


class Elf:
    """An ELF to be changed: fields of its header and of its program headers."""

    def __init__(self, content: bytes) -> None:
        self.data = bytearray(content)
        self.table = self.word(28)
        kinds = range(struct.unpack_from("<H", self.data, 44)[0])
        self.loads = [
            at
            for at in (self.table + HEADER * index for index in kinds)
            if self.word(at) == LOAD and self.word(at + 16)
        ]

    def word(self, at: int) -> int:
        return struct.unpack_from("<I", self.data, at)[0]

    def put(self, at: int, value: int) -> None:
        struct.pack_into("<I", self.data, at, value & 0xFFFFFFFF)

    def add(self, at: int, value: int) -> None:
        self.put(at, self.word(at) + value)


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> bytes:
    elf = link(tmp_path_factory.mktemp("clean"), ADD)
    assert verify(elf).clean
    content = elf.read_bytes()
    assert len(Elf(content).loads) == 2, "code and initialised data are two segments, or the tests below test less"
    return content


def elsewhere(elf: Elf) -> None:
    """The segment's contents are a copy behind the file's end, and the copy multiplies."""
    at = elf.loads[0]
    offset, size = elf.word(at + OFFSET), elf.word(at + IN_FILE)
    elf.data += bytes(-len(elf.data) % 0x1000 + offset % 0x1000)
    moved = len(elf.data)
    elf.data += elf.data[offset : offset + size]
    elf.data[moved : moved + 4] = MULS
    elf.put(at + OFFSET, moved)


def count(elf: Elf, number: int) -> None:
    struct.pack_into("<H", elf.data, 44, number)


def longer(elf: Elf) -> None:
    """The first segment takes more of the file along than its sections, and that is code."""
    at = elf.loads[0]
    end = elf.word(at + OFFSET) + elf.word(at + IN_FILE)
    elf.data[end : end + 4] = MULS
    elf.add(at + IN_FILE, 4)
    elf.add(at + IN_MEMORY, 4)


def doubled(elf: Elf) -> None:
    """The second segment is written over the first."""
    elf.put(elf.loads[1] + PHYSICAL, elf.word(elf.loads[0] + PHYSICAL))


def over(elf: Elf) -> None:
    """The second segment is seen where the first is."""
    elf.put(elf.loads[1] + ADDRESS, elf.word(elf.loads[0] + ADDRESS))


def behind(elf: Elf) -> None:
    """The second segment is written where the program sees the first, which itself is written elsewhere."""
    first, second = elf.loads
    elf.put(second + PHYSICAL, elf.word(first + PHYSICAL))
    elf.add(first + PHYSICAL, 0x100000)


def both_sections(elf: Elf) -> None:
    """Two sections claim one address."""
    table, kinds = elf.word(32), range(struct.unpack_from("<H", elf.data, 48)[0])
    held = [at for at in (table + 40 * index for index in kinds) if elf.word(at + 8) & 2 and elf.word(at + 20)]
    for field in (12, 16):
        elf.put(held[1] + field, elf.word(held[0] + field))


BAD = {
    "a segment whose contents lie elsewhere": (elsewhere, "is not the section there"),
    "no program header": (lambda elf: count(elf, 0), "no program headers"),
    "a count kept elsewhere": (lambda elf: count(elf, 0xFFFF), "cannot be read"),
    "entries of another size": (lambda elf: struct.pack_into("<H", elf.data, 42, 56), "cannot be read"),
    "a table out of the file": (lambda elf: elf.put(28, len(elf.data) - 8), "damaged"),
    "a table far out of the file": (lambda elf: elf.put(28, 0xFFFFFFF0), "damaged"),
    "headers that load nothing": (
        lambda elf: [elf.put(at, 4) for at in elf.loads],
        "no program header that loads anything",
    ),
    "a section that no header loads": (lambda elf: elf.put(elf.loads[1], 4), "is not loaded by any program header"),
    "a segment that is too short": (lambda elf: elf.add(elf.loads[0] + IN_FILE, -16), "is not loaded"),
    "a segment at another address": (lambda elf: elf.add(elf.loads[0] + ADDRESS, 0x10000), "is not loaded"),
    "a segment shifted": (lambda elf: (elf.add(elf.loads[0] + OFFSET, 4), elf.put(elf.loads[0] + ALIGN, 4)), "is not"),
    "more in the file than in memory": (lambda elf: elf.add(elf.loads[0] + IN_MEMORY, -4), "larger in the file"),
    "contents out of the file": (
        lambda elf: [elf.add(elf.loads[0] + at, len(elf.data)) for at in (IN_FILE, IN_MEMORY)],
        "reaches out of the file",
    ),
    "memory beyond the last address": (lambda elf: elf.put(elf.loads[1] + IN_MEMORY, 0xFFFFFFFF), "last address"),
    "flash beyond the last address": (lambda elf: elf.put(elf.loads[0] + PHYSICAL, 0xFFFFFFFE), "last address"),
    "a false alignment": (lambda elf: elf.put(elf.loads[0] + ALIGN, 3), "not aligned"),
    "code that no section has": (longer, "belong to no section"),
    "one written over the other": (doubled, "two contents to one address"),
    "one seen over the other": (over, "is not|two contents"),
    "one written where the other is seen": (behind, "two contents to one address"),
    "two sections at one address": (both_sections, "two sections at one address"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_loaded_is_what_is_decoded_or_the_program_is_refused(clean, tmp_path, what):
    change, message = BAD[what]
    elf, path = Elf(clean), tmp_path / "x.elf"
    change(elf)
    path.write_bytes(elf.data)
    begin = time.monotonic()
    with pytest.raises(InputError, match=message):
        verify(path)
    assert time.monotonic() - begin < 5


def test_data_that_is_copied_from_flash_passes(tmp_path):
    """As on a board: .data is written behind the code and seen in RAM."""
    script = tmp_path / "board.ld"
    script.write_text(
        "MEMORY { F (rx) : ORIGIN = 0, LENGTH = 64K\n R (rw) : ORIGIN = 0x20000000, LENGTH = 8K }\n"
        "SECTIONS { .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } > F\n .data : { *(.data*) } > R AT > F\n"
        " .bss (NOLOAD) : { *(.bss*) } > R }\n"
    )
    path = link(tmp_path, ADD, flags=("-T", str(script)))
    elf = Elf(path.read_bytes())
    assert any(elf.word(at + ADDRESS) != elf.word(at + PHYSICAL) for at in elf.loads)
    assert verify(path).findings == ()


@pytest.mark.parametrize("flags", [("-Wl,-n",), ("-Wl,-z,noseparate-code",), ("-Wl,-Ttext=0x10054",)])
def test_every_layout_of_the_linker_passes(tmp_path, flags):
    """Headers loaded along, fill between sections."""
    assert [item.text for item in verify(link(tmp_path, ADD, flags=flags)).findings] == []


def test_code_that_the_program_can_change_is_found(tmp_path):
    """In a section of RAM, though nothing in it multiplies yet."""
    body = """__attribute__((section(".data.fast"), used)) static int g(int a, int b) { return a + b; }
    int (*volatile now)(int, int) = g; int esnn_model_infer(int a, int b) { return now(a, b) + 1; }"""
    assert any(
        "code in RAM" in finding.text or "section of data" in finding.text
        for finding in verify(link(tmp_path, body)).findings
    )


@pytest.mark.parametrize("flag", ["-Wl,-Ttext=0x20004000", "-Wl,-N"])
def test_code_that_lies_in_ram_or_in_a_section_to_be_written_is_found(tmp_path, flag):
    proof = verify(link(tmp_path, ADD, flags=(flag,)))
    assert {finding.text for finding in proof.findings} == {"code in RAM, which the program can change"}


def test_a_function_in_constant_data_is_found(tmp_path):
    body = """__asm__(".section .rodata.code, \\"a\\"\\n.thumb\\n.syntax unified\\n.thumb_func\\n"
        ".type g, %function\\n.global g\\ng:\\nadds r0, r1\\nbx lr\\n.size g, . - g\\n.text");
    int g(int, int); int esnn_model_infer(int a, int b) { return g(a, b); }"""
    assert any("section of data" in finding.text for finding in verify(link(tmp_path, body)).findings)


def test_a_missing_entry_comes_with_what_to_do(tmp_path):
    start = VECTORS.replace("esnn_model_infer", "other") + SYSTICK
    elf = link(tmp_path, "int other(int a, int b) { return a + b; }", start=start)
    with pytest.raises(InputError) as caught:
        verify(elf)
    assert "-flto" in (caught.value.diagnostic.hint or "")
    assert "--entry Reset_Handler" in (caught.value.diagnostic.hint or "")
    assert verify(elf, "Reset_Handler").clean


def test_an_elf_made_by_no_compiler_is_read(tmp_path):
    """The seed of the fuzzer (tests/fuzz): it must be clean, or the fuzzer starts from what is refused."""
    path = tmp_path / "x.elf"
    path.write_bytes(small_elf())
    assert verify(path).findings == ()
