"""The multiply check finds what it must find."""

from __future__ import annotations

import subprocess

import pytest

from edge_snn.errors import InputError
from firmware_gen.verify import allowed, verify

START = """
int esnn_model_infer(int a, int b);
void Reset_Handler(void);
void Reset_Handler(void) { for (;;) { esnn_model_infer(1, 2); } }
"""


def link(tmp_path, body: str, cpu: str = "cortex-m4", flags: tuple[str, ...] = ()):
    source, elf = tmp_path / "a.c", tmp_path / "a.elf"
    source.write_text(START + body)
    command = ["arm-none-eabi-gcc", f"-mcpu={cpu}", "-mthumb", "-O1", "-fno-inline", *flags, "-nostartfiles"]
    command += ["--specs=nosys.specs", "-Wl,-e,Reset_Handler", str(source), "-o", str(elf)]
    subprocess.run(command, check=True, capture_output=True)
    return elf


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("body", "cpu", "flags", "words"),
    [
        ("int esnn_model_infer(int a, int b) { return a * b; }", "cortex-m4", (), "mul"),
        ("int esnn_model_infer(int a, int b) { return a * b + a; }", "cortex-m3", (), "mla"),
        ("int esnn_model_infer(int a, int b) { return a / b; }", "cortex-m4", (), "sdiv"),
        (
            "int esnn_model_infer(int a, int b) { long long x = (long long)a * b; return (int)(x >> 32); }",
            "cortex-m4",
            (),
            "mul",  # smull or smmul
        ),
        (
            "float f(float a) { return a + 1.5f; } int esnn_model_infer(int a, int b) { volatile float x = 2; "
            "x = f(x); return a + b; }",
            "cortex-m4",
            ("-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
            "vadd",
        ),
        (
            "static int g(int a, int b) { return a * b; } "
            "int esnn_model_infer(int a, int b) { int r = g(a, b) + 1; return r + g(b, 3); }",
            "cortex-m0",
            (),
            "mul",
        ),
        (
            "static int g(int a, int b) { return a * b; } int (*volatile p)(int, int) = g; "
            "int esnn_model_infer(int a, int b) { return p(a, b) + 1; }",
            "cortex-m4",
            (),
            "blx",
        ),
    ],
)
def test_a_seeded_multiply_is_found(tmp_path, body, cpu, flags, words):
    proof = verify(link(tmp_path, body, cpu, flags))
    assert proof.findings
    assert any(words in str(finding) for finding in proof.findings), [str(finding) for finding in proof.findings]


@pytest.mark.qemu
def test_a_division_by_library_is_followed_into_the_library(tmp_path):
    elf = link(tmp_path, "int esnn_model_infer(int a, int b) { return a / b + 1; }", "cortex-m0")
    proof = verify(elf)
    assert any("idiv" in name for name in proof.functions)


@pytest.mark.qemu
def test_additions_pass(tmp_path):
    proof = verify(link(tmp_path, "int esnn_model_infer(int a, int b) { return (a + b) << 3; }"))
    assert proof.findings == ()
    assert proof.functions == ("esnn_model_infer",)


@pytest.mark.qemu
def test_a_program_without_the_entry_is_refused(tmp_path):
    elf = link(tmp_path, "int esnn_model_infer(int a, int b) { return a + b; }")
    with pytest.raises(InputError, match="has no function nowhere"):
        verify(elf, entry="nowhere")


def test_what_is_no_elf_is_refused(tmp_path):
    path = tmp_path / "x.elf"
    path.write_bytes(b"\x7fELF" + b"\0" * 20)
    with pytest.raises(InputError, match="not an ELF file"):
        verify(path)
    with pytest.raises(InputError, match="no such file"):
        verify(tmp_path / "missing.elf")


@pytest.mark.parametrize(
    "mnemonic", ["mul", "muls", "mla", "smlabb", "umaal", "smuad", "vqdmulh.s16", "udiv", "vmul.f32"]
)
def test_multiplies_are_not_on_the_list(mnemonic):
    assert not allowed(mnemonic)


@pytest.mark.parametrize("mnemonic", ["add", "adds", "add.w", "sxtab16", "ldrsb.w", "itte", "bne", "addeq", "ldmia.w"])
def test_additions_are_on_the_list(mnemonic):
    assert allowed(mnemonic)
