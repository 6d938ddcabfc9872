"""The multiply check finds what it must find, names the place, and lets additions pass."""

from __future__ import annotations

import pytest

from firmware_gen.verify import verify
from tests.firmware.arm import SYSTICK, VECTORS, disassembly, link, marked_line

pytestmark = pytest.mark.qemu

HARD_FLOAT = ("-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
HELIUM = ("-mfloat-abi=hard", "-O2")
MVE = "#include <arm_mve.h>\n"
ADD = "int esnn_model_infer(int a, int b) { return a + b; }\n"
LATER = "int (*volatile later)(int, int);\n"


def places(proof) -> set[tuple[str, int]]:
    return {(finding.function, finding.line) for finding in proof.findings}


DIRECT = {
    "mul": ("int esnn_model_infer(int a, int b) {\n return a * b; /* here */ }", "cortex-m4", ()),
    "mla": ("int esnn_model_infer(int a, int b) {\n return a * b + a; /* here */ }", "cortex-m3", ()),
    "sdiv": ("int esnn_model_infer(int a, int b) {\n return a / b; /* here */ }", "cortex-m4", ()),
    "udiv": ("int esnn_model_infer(int a, int b) {\n return (unsigned)a / (unsigned)b; /* here */ }", "cortex-m33", ()),
    "umull": (
        "int esnn_model_infer(int a, int b) {\n return (int)((long long)a * b >> 32); /* here */ }",
        "cortex-m3",
        (),
    ),
    "muls": ("int esnn_model_infer(int a, int b) {\n return a * b; /* here */ }", "cortex-m0", ()),
    "smlabb": (
        "int esnn_model_infer(int a, int b) {\n return (short)a * (short)b + b; /* here */ }",
        "cortex-m4",
        (),
    ),
    "smuad": (
        "#include <arm_acle.h>\nint esnn_model_infer(int a, int b) {\n return __smuad(a, b); /* here */ }",
        "cortex-m4",
        (),
    ),
    "__aeabi_uidiv": (
        "int esnn_model_infer(int a, int b) {\n return (int)((unsigned)a / (unsigned)b) + 1; /* here */ }",
        "cortex-m0",
        (),
    ),
    "__aeabi_lmul": (
        "long long x;\nint esnn_model_infer(int a, int b) {\n x = x * a; /* here */\n return b; }",
        "cortex-m0",
        (),
    ),
}


@pytest.mark.parametrize("what", DIRECT)
def test_a_seeded_multiply_is_found_with_its_line(tmp_path, what):
    body, cpu, flags = DIRECT[what]
    proof = verify(link(tmp_path, body, cpu, flags))
    assert not proof.clean
    assert ("esnn_model_infer", marked_line(tmp_path)) in places(proof)
    named = [finding for finding in proof.findings if what in finding.text]
    assert named, [str(finding) for finding in proof.findings]
    assert named[0].file.endswith("a.c")


def test_a_multiply_in_a_kernel_names_the_kernel(tmp_path):
    body = """static int deep(const int *row, int i, int n) {
        return row[i * n]; /* here */ }
    static int kernel(const int *row, int n) { return deep(row, n, n + 1) + 1; }
    const int rows[8]; int esnn_model_infer(int a, int b) { return kernel(rows, a) + b; }"""
    proof = verify(link(tmp_path, body, "cortex-m3"))
    assert places(proof) == {("deep", marked_line(tmp_path))}
    assert {"deep", "kernel", "esnn_model_infer"} == set(proof.functions)


@pytest.mark.parametrize(("expression", "what"), [("a + 1.5f", "vadd.f32"), ("a * 1.5f", "vmul.f32")])
def test_floating_point_is_found(tmp_path, expression, what):
    body = f"""static float f(float a) {{
        return {expression}; /* here */ }}
    volatile float x; int esnn_model_infer(int a, int b) {{ x = f(x); return a + b; }}"""
    proof = verify(link(tmp_path, body, "cortex-m4", HARD_FLOAT))
    assert ("f", marked_line(tmp_path)) in places(proof)
    assert any(what in finding.text for finding in proof.findings)


def test_a_float_addition_by_library_is_found(tmp_path):
    body = "volatile float x; int esnn_model_infer(int a, int b) {\n x = x + 1.5f; /* here */ return a + b; }"
    proof = verify(link(tmp_path, body, "cortex-m0"))
    found = [finding for finding in proof.findings if "__aeabi_fadd" in finding.text]
    assert [(item.function, item.line) for item in found] == [("esnn_model_infer", marked_line(tmp_path))]


POINTERS = {
    "a table of constants": (
        "static int (*const table[2])(int, int) = {g, h};\n"
        "int esnn_model_infer(int a, int b) { return table[a & 1](a, b) + 1; }",
        "cortex-m4",
        (),
        ".word",
    ),
    "initialised data": (
        "int (*volatile now)(int, int) = g; int esnn_model_infer(int a, int b) { return now(a, b) + h(a, b); }",
        "cortex-m4",
        (),
        "blx",
    ),
    "a literal pool": (
        LATER + "int esnn_model_infer(int a, int b) { later = a ? g : h; return later(a, b) + 1; }",
        "cortex-m0",
        (),
        ".word",
    ),
    "movw and movt": (
        LATER + "int esnn_model_infer(int a, int b) { later = a ? g : h; return later(a, b) + 1; }",
        "cortex-m4",
        ("-mslow-flash-data",),
        "movt",
    ),
    "a tail call": (
        LATER + "int esnn_model_infer(int a, int b) { later = a ? g : h; return later(a, b); }",
        "cortex-m4",
        ("-O2",),
        "bx\tr",
    ),
    "somewhere else in the program": (
        LATER + "int esnn_model_infer(int a, int b) { return later(a, b) + 1; }\n"
        "__attribute__((used)) void choose(void) { later = sink ? g : h; }",
        "cortex-m33",
        (),
        "blx",
    ),
}
BEHIND = """static int g(int a, int b) {
    return a OPERATOR b; /* here */ }
static int h(int a, int b) { return a - b; }
"""


@pytest.mark.parametrize("where", POINTERS)
def test_a_multiply_behind_a_pointer_is_found(tmp_path, where):
    body, cpu, flags, sign = POINTERS[where]
    elf = link(tmp_path, BEHIND.replace("OPERATOR", "*") + body, cpu, flags)
    assert sign in disassembly(elf)  # or the compiler has taken another way
    proof = verify(elf)
    assert places(proof) == {("g", marked_line(tmp_path))}
    assert len(proof.indirect) == 1


@pytest.mark.parametrize("where", POINTERS)
def test_an_addition_behind_a_pointer_passes(tmp_path, where):
    body, cpu, flags, _ = POINTERS[where]
    proof = verify(link(tmp_path, BEHIND.replace("OPERATOR", "+") + body, cpu, flags))
    assert proof.findings == ()
    assert {"g", "h"} <= set(proof.functions)
    assert len(proof.indirect) == 1


def test_a_pointer_made_from_its_own_address_is_not_followed(tmp_path):
    body = """int esnn_model_infer(int a, int b) { int r = a; __asm__ volatile(
        "ldr r3, 2f\\n 1: add r3, pc\\n blx r3\\n b 3f\\n .balign 4\\n 2: .word g + 1 - 1b - 4\\n 3:"
        : "+r"(r) : : "r3", "lr");
        return r + b; }
    __attribute__((used)) int g(int a, int b) { return a - b; }"""
    proof = verify(link(tmp_path, body))
    assert any("cannot be known (add r3, pc" in finding.text for finding in proof.findings)


@pytest.mark.parametrize("cpu", ["cortex-m4", "cortex-m55"])
def test_a_multiply_in_code_that_is_copied_to_ram_is_found(tmp_path, cpu):
    body = """__attribute__((section(".data.fast"), used)) static int g(int a, int b) {
        return a * b; /* here */ }
    int (*volatile now)(int, int) = g; int esnn_model_infer(int a, int b) { return now(a, b) + 1; }"""
    proof = verify(link(tmp_path, body, cpu))
    assert ("g", marked_line(tmp_path)) in places(proof)
    assert any(finding.text.startswith("mul") for finding in proof.findings)


HELIUM_BAD = {
    "vmul.i16": "vst1q(x, vmulq(vld1q(x), vld1q(x + 8)));",
    "vmult.i16": "vst1q(x, vmulq_m(vld1q(x), vld1q(x), vld1q(x + 8), vctp16q(a)));",
    "vmla": "sink = vmladavq(vld1q(x), vld1q(x + 8));",
    "vqdmulh.s16": "vst1q(x, vqdmulhq(vld1q(x), vld1q(x + 8)));",
    "vrmulh.s16": "vst1q(x, vrmulhq(vld1q(x), vld1q(x + 8)));",
    "vmlal": "sink = (int)vmlaldavq(vld1q(x), vld1q(x + 8));",
    "vadd.f16": "vst1q(y, vaddq(vld1q(y), vld1q(y + 8)));",
    "vcvt": "vst1q(x, vcvtq_s16_f16(vld1q(y)));",
}


@pytest.mark.parametrize("what", HELIUM_BAD)
def test_a_helium_multiply_or_float_is_found(tmp_path, what):
    body = "int16_t x[16]; float16_t y[16];\nstatic int kernel(int a) {\n"
    body += (
        f"{HELIUM_BAD[what]} /* here */\n return a; }}\nint esnn_model_infer(int a, int b) {{ return kernel(a) + b; }}"
    )
    proof = verify(link(tmp_path, MVE + body, "cortex-m55", HELIUM))
    assert proof.decoder == "arm-none-eabi-objdump"
    assert any(finding.text.startswith(what) for finding in proof.findings), proof.findings
    assert places(proof) == {("kernel", marked_line(tmp_path))}


HELIUM_GOOD = """
int16_t x[64];
static int kernel(const int8_t *rows, int n) {
    for (int i = 0; i < n; i += 8) {
        mve_pred16_t p = vctp16q(n - i);
        int16x8_t sum = vaddq_x(vld1q_z(x + i, p), vldrbq_z_s16(rows + i, p), p);
        vst1q_p(x + i, vpselq(vshrq(sum, 1), vdupq_n_s16(0), vcmpgtq(sum, (int16_t)3)), p);
    }
    return vaddvq(vld1q(x)) + vmaxvq((int16_t)0, vld1q(x));
}
static const int8_t rows[64];
int esnn_model_infer(int a, int b) { return kernel(rows, a) + b; }
"""


def test_helium_additions_pass(tmp_path):
    elf = link(tmp_path, MVE + HELIUM_GOOD, "cortex-m55", HELIUM)
    text = disassembly(elf)
    for name in ("vctp.16", "vldrbt.s16", "vcmp.s16", "vaddv.s16", "vmaxv.s16", "\tle\t"):
        assert name in text
    proof = verify(elf)
    assert proof.findings == ()
    assert any(name.startswith("kernel") for name in proof.functions)  # gcc makes a clone for the constant table
    assert (proof.arch.name, proof.arch.mve) == ("v8.1-M.mainline", 2)


def test_additions_pass(tmp_path):
    proof = verify(link(tmp_path, "int esnn_model_infer(int a, int b) { return (a + b) << 3; }"))
    assert proof.clean
    assert proof.functions == ("esnn_model_infer",)
    assert proof.instructions == 3
    assert [(item.function, item.vectors) for item in proof.interrupts] == [("SysTick_Handler", (15,))]


def test_a_multiply_that_inference_never_reaches_is_no_matter(tmp_path):
    proof = verify(link(tmp_path, ADD + "__attribute__((used)) int other(int a) { return a * a; }"))
    assert proof.clean
    assert "other" not in proof.functions


def test_interrupts_are_part_of_the_verdict(tmp_path):
    handler = (
        "static void tick(void) {\n sink = sink * sink; /* here */ }\nvoid SysTick_Handler(void) { tick(); ++sink; }"
    )
    proof = verify(link(tmp_path, ADD, start=VECTORS + handler))
    assert places(proof) == {("tick", marked_line(tmp_path))}
    assert proof.interrupt_functions == ("SysTick_Handler", "tick")
    assert proof.functions == ("esnn_model_infer",)


def test_a_program_without_a_vector_table_is_not_clean(tmp_path):
    start = VECTORS.replace('section(".vectors"), used, aligned(128)', "unused")
    proof = verify(link(tmp_path, ADD, start=start + SYSTICK))
    assert [finding.text for finding in proof.findings] == ["no vector table was found, so interrupts are unknown"]


def test_lines_of_functions_that_the_linker_threw_away_are_not_taken(tmp_path):
    """Their debug information stays, at address 0, where the program of many a board lies."""
    away = "int away(int a) {\n" + "sink += a;\n" * 80 + "return a; }\n"
    body = "int esnn_model_infer(int a, int b) {\n return a * b; /* here */ }\n" + away
    flags = ("-ffunction-sections", "-Wl,--gc-sections", "-Wl,-Ttext=0x20")
    proof = verify(link(tmp_path, body, flags=flags))
    assert ("esnn_model_infer", marked_line(tmp_path)) in places(proof)


@pytest.mark.parametrize("cpu", ["cortex-m4", "cortex-m55"])
def test_literals_that_look_like_half_an_instruction_hide_nothing(tmp_path, cpu):
    code = "cbz r0, 1f\n bx lr\n .balign 4\n .word 0xf04f1234\n 1: {} r0, r1, r0\n bx lr"
    assert verify(assemble(tmp_path, code.format("adds"), "", cpu)).clean
    found = verify(assemble(tmp_path, code.format("muls"), "", cpu)).findings
    assert len(found) == 1
    assert found[0].text.startswith("mul")


def test_a_vector_into_nowhere_is_found(tmp_path):
    start = VECTORS.replace("(uintptr_t)Reset_Handler, 0,", "(uintptr_t)Reset_Handler, 0x00700001,")
    proof = verify(link(tmp_path, ADD, start=start + SYSTICK))
    assert [finding.text for finding in proof.findings] == ["vector 2 holds 0x700001, where no function begins"]


def test_an_expected_function_that_is_not_reached_is_found(tmp_path):
    elf = link(tmp_path, ADD)
    assert verify(elf, expected=["esnn_model_infer"]).clean
    assert [item.text for item in verify(elf, expected=["esnn_linear"]).findings] == ["esnn_linear is never reached"]


SWITCH = """int esnn_model_infer(int a, int b) {
    switch (a) { case 0: return b + 7; case 1: return b ^ 3; case 2: return b - 5; case 3: return b | 9;
        case 4: return b << 2; case 5: return ~b; case 6: return sink; default: return b; } }"""


def test_jump_tables_are_followed(tmp_path):
    elf = link(tmp_path, SWITCH, flags=("-O2", "-fno-tree-switch-conversion"))
    assert "tbb" in disassembly(elf)
    assert verify(elf).clean


ASSEMBLY = {
    "a jump table that leads out": ("tbb [pc, r0]\n .byte 1, 120\n bx lr", "", "leads"),
    "a computed jump": ("mov pc, r0", "", "leads to a place that cannot be known"),
    "a jump through memory": ("ldr pc, [r0]", "", "leads to a place that cannot be known"),
    "lr that was overwritten": ("mov lr, r0\n bx lr", "", "lr may hold something else"),
    "lr that was overwritten on one way": ("cbz r1, 1f\n ldr lr, [r0]\n 1: bx lr", "", "lr may hold something else"),
    "half an instruction": ("b g + 2", "movw r0, #17\n bx lr", "leads into the middle of an instruction"),
    "a change to Arm code": ("bx pc", "", "leads to a place that cannot be known"),
    "data that is executed": (
        "b 1f\n 1: .word 0x47704770",
        "",
        "leads into the middle of an instruction, or into data",
    ),
    "no instruction": (".inst.w 0xffffffff\n bx lr", "", "bytes that do not decode"),
    "code that runs on into data": ("adds r0, r0, r1\n .word 0x47704770", "", "runs on into what is not code"),
    "code that runs on into a function": ("adds r0, r0, r1", "muls r0, r1, r0\n bx lr", "muls r0, r1, r0"),
    "a branch into the middle of a function": ("b g + 2", "bx lr\n muls r0, r1, r0\n bx lr", "muls r0, r1, r0"),
    "a jump by a literal": (
        ".balign 4\n ldr.w pc, [pc, #0]\n .word g + 1",
        "muls r0, r1, r0\n bx lr",
        "muls r0, r1, r0",
    ),
    "a supervisor call": ("svc #1\n bx lr", "", "svc #1"),
    "a coprocessor": ("mcr p15, 0, r0, c7, c5, 4\n bx lr", "", "mcr"),
}


def assemble(tmp_path, first, second, cpu="cortex-m4"):
    functions = ""
    for name, code in (("esnn_model_infer", first), ("g", second or "bx lr")):
        functions += (
            f".global {name}\n.thumb_func\n.type {name}, %function\n{name}:\n{code}\n.size {name}, . - {name}\n"
        )
    text = f".syntax unified\n.text\n.thumb\n{functions}".replace("\n", "\\n").replace("\\n ", "\\n")
    return link(tmp_path, f'__asm__("{text}");', cpu, ("-fno-toplevel-reorder",))


@pytest.mark.parametrize("what", ASSEMBLY)
def test_what_cannot_be_followed_is_found(tmp_path, what):
    first, second, message = ASSEMBLY[what]
    proof = verify(assemble(tmp_path, first, second))
    assert any(message in finding.text for finding in proof.findings), [str(item) for item in proof.findings]


@pytest.mark.parametrize(
    "code",
    [
        "push {r4, lr}\n mov lr, r0\n add r0, lr\n pop {r4, pc}",
        "push {lr}\n mov lr, r0\n ldr lr, [sp], #4\n bx lr",
        "cbz r0, 1f\n push {r4, lr}\n mov lr, r0\n pop {r4, pc}\n 1: bx lr",
        "push {lr}\n bl g\n ldr pc, [sp], #4",
        ".balign 4\n ldr.w pc, [pc, #0]\n .word g + 1",
        "b g",
    ],
)
def test_ordinary_returns_pass(tmp_path, code):
    proof = verify(assemble(tmp_path, code, ""))
    assert proof.findings == ()
