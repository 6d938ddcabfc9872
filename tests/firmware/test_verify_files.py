"""The multiply check on files that are stripped, cut off, damaged or of another machine; its list."""

from __future__ import annotations

import random
import re
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_snn.errors import InputError, ToolMissingError
from firmware_gen.verify import Proof, allowed, attributes, verify
from firmware_gen.verify.allowed import CONDITIONS, helper
from firmware_gen.verify.elf import load
from tests.firmware.arm import link

MULTIPLY = "static int g(int a, int b) { return a * b; }\nint esnn_model_infer(int a, int b) { return g(a, b) + 1; }"


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> dict:
    """ELF files by core; each multiplies, so that debug information is read as well."""
    found = {}
    for cpu in ("cortex-m4", "cortex-m55"):
        found[cpu] = link(tmp_path_factory.mktemp(cpu), MULTIPLY, cpu)
        assert not verify(found[cpu]).clean
    return found


@pytest.mark.qemu
def test_a_program_without_the_entry_is_refused(programs):
    with pytest.raises(InputError, match="has no function nowhere"):
        verify(programs["cortex-m4"], entry="nowhere")


def test_what_is_no_elf_is_refused(tmp_path):
    path = tmp_path / "x.elf"
    for content in (b"", b"\x7fELF\x01\x01", b"\x7fELF\x01\x01" + b"\0" * 20, b"rubbish" * 1000):
        path.write_bytes(content)
        with pytest.raises(InputError, match="not an ELF file"):
            verify(path)
    with pytest.raises(InputError, match="no such file"):
        verify(tmp_path / "missing.elf")
    with pytest.raises(InputError, match="is a folder"):
        verify(tmp_path)


@pytest.mark.qemu
def test_a_program_of_another_machine_is_refused(programs, tmp_path):
    with pytest.raises(InputError, match="not a 32-bit little-endian program"):
        verify(Path(sys.executable).resolve())
    path = tmp_path / "x.elf"
    content = bytearray(programs["cortex-m4"].read_bytes())
    struct.pack_into("<H", content, 18, 243)  # RISC-V
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a program for Arm"):
        verify(path)


@pytest.mark.qemu
def test_a_program_for_a_larger_arm_is_refused(tmp_path):
    elf = link(tmp_path, MULTIPLY, "cortex-a9")
    with pytest.raises(InputError, match="not built for a Cortex-M"):
        verify(elf)


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["strip"], "has no symbols"),
        (["objcopy", "--wildcard", "--strip-symbol=$*"], "has no mapping symbols"),
        (["objcopy", "-R", ".ARM.attributes"], "has no build attributes"),
    ],
)
def test_a_stripped_program_is_refused(programs, tmp_path, command, message):
    path = tmp_path / "x.elf"
    shutil.copy(programs["cortex-m4"], path)
    subprocess.run([f"arm-none-eabi-{command[0]}", *command[1:], str(path)], check=True)
    with pytest.raises(InputError, match=message):
        verify(path)


@pytest.mark.qemu
def test_mapping_symbols_of_debug_sections_do_not_mark_code(tmp_path):
    """Their values are offsets: one that looks like an address in the code must not turn it into data."""
    body = "int esnn_model_infer(int a, int b) { return a + b; }"
    function = load(link(tmp_path, body)).aliases["esnn_model_infer"]
    inside = function.end - 2
    # Code and then data, so that the data begins at this offset.
    text = rf".section .debug_note\n.space {inside - 2}\nnop\n.word 1\n.text"
    elf = link(tmp_path, f'{body}\n__asm__("{text}");')
    command = ["arm-none-eabi-nm", "-a", "--special-syms", str(elf)]
    listed = subprocess.run(command, capture_output=True, text=True).stdout
    assert re.search(rf"^{inside:08x} . \$d", listed, re.MULTILINE)  # or this test looks at nothing
    program = load(elf)
    assert program.aliases["esnn_model_infer"] == function
    assert program.ranges(function.address, function.end) == [(function.address, function.end, "t")]
    assert verify(elf).clean


@pytest.mark.qemu
def test_code_that_is_marked_as_data_is_not_taken_for_clean(programs, tmp_path):
    """A lost $t: the function lies in what the marks call literals."""
    content = bytearray(programs["cortex-m4"].read_bytes())
    strings = content.index(b"\0$t\0")
    content[strings + 1] = ord("x")
    path = tmp_path / "x.elf"
    path.write_bytes(content)
    assert "no instruction where the function begins" in {finding.text for finding in verify(path).findings}


@pytest.mark.qemu
def test_an_object_file_is_refused(tmp_path):
    (tmp_path / "x.c").write_text("int esnn_model_infer(int a, int b) { return a + b; }")
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-c", "x.c", "-o", "x.o"]
    subprocess.run(command, check=True, cwd=tmp_path)
    with pytest.raises(InputError, match="not a linked program"):
        verify(tmp_path / "x.o")


@pytest.mark.qemu
def test_without_debug_information_a_finding_has_no_line(programs, tmp_path):
    path = tmp_path / "x.elf"
    shutil.copy(programs["cortex-m4"], path)
    subprocess.run(["arm-none-eabi-strip", "-g", str(path)], check=True)
    assert [(item.function, item.file, item.line) for item in verify(path).findings] == [("g", "", 0)]


@pytest.mark.qemu
def test_binutils_missing_is_told(programs, monkeypatch):
    monkeypatch.setattr("firmware_gen.verify.decode.OBJDUMP", "no-such-objdump")
    with pytest.raises(ToolMissingError, match="no-such-objdump is not installed"):
        verify(programs["cortex-m55"])
    assert not verify(programs["cortex-m4"]).clean  # which does not need it


@pytest.mark.qemu
@pytest.mark.parametrize("cpu", ["cortex-m4", "cortex-m55"])
def test_a_truncated_program_is_refused(programs, tmp_path, cpu):
    content = programs[cpu].read_bytes()
    for part in range(1, 20):
        path = tmp_path / "x.elf"
        path.write_bytes(content[: len(content) * part // 20])
        with pytest.raises(InputError, match="damaged"):
            verify(path)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """A few bytes changed: anywhere, in the header, in the section headers, or in one section."""
    found = bytearray(content)
    table, count = struct.unpack_from("<I", content, 32)[0], struct.unpack_from("<H", content, 48)[0]
    section = table + 40 * chance.randrange(count)
    offset, size = struct.unpack_from("<II", content, section + 16)
    regions = [(0, len(content)), (16, 36), (table, 40 * count), (section, 40)] + [(offset, size)] * 6
    first, length = chance.choice(regions)
    if first + length > len(content) or not length:
        first, length = 0, len(content)
    for _ in range(chance.choice((1, 3, 30))):
        place = first + chance.randrange(length)
        found[place] = chance.choice(
            (0, 1, 0x7F, 0x80, 0xFF, found[place] ^ 1 << chance.randrange(8), chance.randrange(256))
        )
    return bytes(found)


@pytest.mark.qemu
@pytest.mark.parametrize(("cpu", "count"), [("cortex-m4", 300), ("cortex-m55", 60)])
def test_damaged_programs_end_in_a_verdict_or_are_refused(programs, tmp_path, cpu, count):
    content = programs[cpu].read_bytes()
    path = tmp_path / "x.elf"
    verdicts, refused = 0, 0
    for seed in range(count):
        path.write_bytes(mutated(content, random.Random(seed)))
        begin = time.monotonic()
        try:
            assert isinstance(verify(path), Proof)
            verdicts += 1
        except InputError:
            refused += 1
        assert time.monotonic() - begin < 20, f"seed {seed}"
    assert verdicts > count // 10  # or the mutations never get past the header
    assert refused > count // 10


MULTIPLIES = """
    mul muls mla mls smulbb smulbt smultb smultt smulwb smulwt smlabb smlabt smlatb smlatt smlawb smlawt smlalbb
    smlaltt smull smlal umull umlal umaal smuad smuadx smusd smusdx smlad smladx smlsd smlsdx smlald smlaldx smlsld
    smlsldx smmul smmulr smmla smmlar smmls smmlsr sdiv udiv mcr mrc mcrr mrrc cdp ldc stc svc bxj setend <undefined>
""".split()
VECTOR_MULTIPLIES = """
    vmul vmulh vrmulh vqdmulh vqrdmulh vmullb vmullt vqdmullb vqdmullt vmla vmlas vmlav vmlava vmlsdav vmladav
    vmladava vmlaldav vmlaldava vmlalv vmlsldav vrmlaldavh vrmlalvh vrmlsldavh vqdmlah vqrdmlah vqdmlash vqrdmlash
    vqdmladh vqrdmladh vqdmlsdh vcmul vcmla vfma vfms vfmas vnmul vnmla vnmls vfnma vfnms vdiv vsqrt vcvt vcvta vcvtb
    vrint vrintz vmaxnm vminnm vmaxnmv
""".split()


@pytest.mark.parametrize("v81", [False, True])
def test_multiplies_are_not_on_the_list(v81):
    for name in MULTIPLIES:
        assert [text for text in (name, f"{name}.w", *(name + end for end in CONDITIONS)) if allowed(text, v81)] == []
    for name in VECTOR_MULTIPLIES:
        for end in ("", "t", "e", *CONDITIONS):
            for kind in ("", ".i8", ".s16", ".u32", ".f16", ".f32", ".p8", ".s16.f16"):
                assert not allowed(name + end + kind, v81), name + end + kind


@pytest.mark.parametrize(
    "name", ["vadd.f32", "vadd.f16", "vaddt.f16", "vcmp.f32", "vmov.f32", "vabs.f32", "vpt.f16", "vadd"]
)
def test_floating_point_is_not_on_the_list(name):
    assert not allowed(name, True)


@pytest.mark.parametrize(
    "name", ["vadd.i16", "vldrb.s16", "le", "dls", "csel", "vmov", "vpush", "vpst", "lsll", "vctp.16"]
)
def test_helium_is_allowed_on_its_own_architecture_only(name):
    assert allowed(name, True)
    assert not allowed(name, False)


@pytest.mark.parametrize(
    "name", ["add", "adds", "add.w", "sxtab16", "ldrsb.w", "itte", "bne", "bls", "addeq", "ldmia.w"]
)
def test_additions_are_on_the_list(name):
    assert allowed(name, False)
    assert allowed(name, True)


@pytest.mark.parametrize(
    "name", ["vaddt.i16", "vldrbt.s16", "vpste", "vptet.s8", "vstrwt.32", "vcmpt.s16", "vmovlt.s8", "vmovne.u16"]
)
def test_predicated_helium_is_on_the_list(name):
    assert allowed(name, True)


def test_library_functions_that_multiply_divide_or_use_floats_are_known():
    bad = "__aeabi_uidiv __aeabi_idivmod __aeabi_lmul __aeabi_fadd __aeabi_dmul __aeabi_i2f __aeabi_f2iz"
    bad += " __udivsi3 __muldi3 __divdi3 __udivmoddi4 __addsf3 __muldf3 __floatsisf __fixsfsi"
    good = "__aeabi_memcpy __aeabi_memset4 __aeabi_llsl memcpy __clzsi2 __ctzsi2 esnn_linear __gnu_thumb1_case_uqi"
    assert [name for name in bad.split() if not helper(name)] == []
    assert [name for name in good.split() if helper(name)] == []


def test_damaged_build_attributes_are_refused():
    good = (
        b"A"
        + struct.pack("<I", 4 + 6 + 5 + 4)
        + b"aeabi\0"
        + b"\x01"
        + struct.pack("<I", 9)
        + b"\x06\x15"
        + b"\x30\x01"
    )
    assert attributes.parse(good) == attributes.Arch("", "v8.1-M.mainline", True, 1)
    assert attributes.parse(good.replace(b"\x06\x15", b"\x06\x0d")).name == "v7E-M"
    for bad in (b"", b"B" + good[1:], good[:-1], good[:1] + b"\0\0\0\0" + good[5:], good[:-2] + b"\xff\xff"):
        with pytest.raises(InputError, match="damaged"):
            attributes.parse(bad)
    with pytest.raises(InputError, match="not built for a Cortex-M"):
        attributes.parse(good.replace(b"\x06\x15", b"\x06\x04"))
