"""What the walk must believe of stacks, handlers and vector tables is shown, or the program is not clean."""

from __future__ import annotations

import struct

import pytest

from firmware_gen.verify import verify
from tests.firmware.arm import VECTORS, link
from tests.firmware.test_verify import assemble

pytestmark = pytest.mark.qemu
CORES = ("cortex-m0", "cortex-m4")
MULTIPLY = "muls r0, r1, r0\n bx lr"
LITERAL = ".balign 4\n 9: .word g + 1"
ADDRESS = ".balign 4\n 9: .word 0xe000ed00\n 8: .word 0x20000800\n 7: .word 0xe000ed08\n 6: .word vectors"
ADD = "int esnn_model_infer(int a, int b) { return a + b; }\n"

# Each came back clean before, though g, or whatever the handler chooses, multiplies.
STACKS = {
    "an address pushed as a constant": (
        f"push {{lr}}\n ldr r3, 9f\n push {{r3}}\n pop {{pc}}\n {LITERAL}",
        "return address",
    ),
    "an address stored where lr was saved": (
        f"push {{r4, lr}}\n ldr r3, 9f\n str r3, [sp, #4]\n pop {{r4, pc}}\n {LITERAL}",
        "return address",
    ),
    "one stored through a frame pointer": (
        f"push {{r7, lr}}\n mov r7, sp\n ldr r3, 9f\n str r3, [r7, #4]\n pop {{r7, pc}}\n {LITERAL}",
        "return address",
    ),
    "half of lr overwritten": ("push {r4, lr}\n mov r3, sp\n strh r0, [r3, #4]\n pop {r4, pc}", "return address"),
    "one stored by stm": (
        f"push {{r4, lr}}\n ldr r3, 9f\n mov r2, sp\n stmia r2!, {{r1, r3}}\n pop {{r4, pc}}\n {LITERAL}",
        "return address",
    ),
    "a local variable popped": (
        f"push {{lr}}\n sub sp, #8\n ldr r3, 9f\n str r3, [sp, #4]\n add sp, #4\n pop {{pc}}\n {LITERAL}",
        "return address",
    ),
    "lr overwritten on one way": ("push {r4, lr}\n cmp r0, #0\n beq 1f\n str r1, [sp, #4]\n 1: pop {r4, pc}", "return"),
    "lr popped into another register and changed": (
        "push {lr}\n pop {r3}\n adds r3, #4\n push {r3}\n pop {pc}",
        "return address",
    ),
    "sp from a register": ("push {r4, lr}\n mov sp, r0\n pop {r4, pc}", "sp may be something else"),
    "sp from memory": ("push {r4, lr}\n ldr r3, [r0]\n mov sp, r3\n pop {r4, pc}", "sp may be something else"),
    "sp moved by what is not known": ("push {r4, lr}\n add sp, r0\n pop {r4, pc}", "sp may be something else"),
    "sp left elsewhere": ("push {r4, lr}\n sub sp, #8\n add sp, #12\n bx lr", "returns before the stack is as it was"),
    "the caller's frame": ("add sp, #8\n push {r0}\n sub sp, #4\n bx lr", "more off the stack"),
    "a callee that moves its caller's frame pointer": (
        "push {r7, lr}\n mov r7, sp\n bl 1f\n mov sp, r7\n pop {r7, pc}\n .thumb_func\n .type h, %function\n h:\n"
        " 1: movs r7, #0\n bx lr",
        "does not leave r7",
    ),
    "msr msp": ("msr msp, r0\n bx lr", "sets a stack pointer"),
    "msr psp": ("msr psp, r0\n bx lr", "sets a stack pointer"),
    "msr control": ("msr control, r0\n bx lr", "sets a stack pointer"),
    "a return address that mrs leads to": ("mrs r3, msp\n str r0, [r3, #24]\n bx lr", "what a stack pointer told"),
    "the address of code in the caller's frame": (
        f"ldr r3, 9f\n str r3, [sp, #12]\n bl g\n {LITERAL}",
        "above its own",
    ),
    "a call of a constant that is data": (
        "push {lr}\n ldr r3, 9f\n blx r3\n pop {pc}\n .balign 4\n 9: .word vectors + 1",
        "where no function begins",
    ),
    "a call into the middle of a function": (
        "push {lr}\n ldr r3, 9f\n blx r3\n pop {pc}\n .balign 4\n 9: .word g + 3",
        "where no function begins",
    ),
}


def made(tmp_path, code: str, cpu: str, second: str = MULTIPLY):
    return verify(assemble(tmp_path, code.replace("\n ", "\n"), second, cpu))


@pytest.mark.parametrize("cpu", CORES)
@pytest.mark.parametrize("what", STACKS)
def test_a_multiply_behind_a_changed_stack_is_not_clean(tmp_path, what, cpu):
    code, message = STACKS[what]
    proof = made(tmp_path, code, cpu)
    assert any(message in finding.text for finding in proof.findings), [str(item) for item in proof.findings]


GOOD = {
    "a frame pointer": "push {r7, lr}\n sub sp, #16\n add r7, sp, #0\n str r0, [r7, #4]\n"
    " mov sp, r7\n add sp, #16\n pop {r7, pc}",
    "a frame pointer above": "push {r4, r6, r7, lr}\n add r7, sp, #8\n sub sp, #24\n subs r7, #8\n"
    " mov sp, r7\n pop {r4, r6, r7, pc}",
    "a large frame": "push {r4, lr}\n ldr r4, 9f\n add sp, r4\n str r0, [sp]\n ldr r4, 8f\n add sp, r4\n pop {r4, pc}\n"
    " .balign 4\n 9: .word -1024\n 8: .word 1024",
    "lr popped into another register": "push {r4, lr}\n movs r4, r0\n bl g\n pop {r4}\n pop {r1}\n bx r1",
    "a tail call that puts lr back from another register": "push {r4, lr}\n movs r4, r0\n ldr r3, 9f\n"
    f" pop {{r4}}\n pop {{r1}}\n mov lr, r1\n bx r3\n {LITERAL}",
    "arguments of any number": "push {r2, r3}\n push {r4, lr}\n str r0, [sp, #12]\n pop {r4}\n pop {r3}\n"
    " add sp, #8\n bx r3",
    "a pointer to its own array": "push {r4, lr}\n sub sp, #32\n mov r3, sp\n add r2, sp, #32\n"
    " 1: stmia r3!, {r0, r1}\n cmp r3, r2\n bne 1b\n add sp, #32\n pop {r4, pc}",
}


@pytest.mark.parametrize("cpu", CORES)
@pytest.mark.parametrize("what", GOOD)
def test_what_compilers_do_with_the_stack_passes(tmp_path, what, cpu):
    assert [str(item) for item in made(tmp_path, GOOD[what], cpu, "adds r0, r1\n bx lr").findings] == []


def test_a_call_with_no_code_behind_it_must_not_come_back(tmp_path):
    """Behind it come literals, which would be executed: at once, behind a nop, or the next function."""
    for end in ("", "\n nop\n .word 0x47704348", "\n .word 0x47704348"):
        code = f"push {{r4, lr}}\n cmp r0, #0\n beq 1f\n pop {{r4, pc}}\n 1: bl g{end}"
        assert made(tmp_path, code, "cortex-m0", "b .").findings == ()
        found = [item.text for item in made(tmp_path, code, "cortex-m0", "bx lr").findings]
        assert any("may come back" in text for text in found), (end, found)


def test_a_stack_aligned_further_passes(tmp_path):
    code = "push {r4, r7, lr}\n add r7, sp, #4\n sub sp, #60\n mov r4, sp\n bfc r4, #0, #4\n mov sp, r4\n"
    code += " str r0, [sp, #8]\n subs r4, r7, #4\n mov sp, r4\n pop {r4, r7, pc}"
    assert [str(item) for item in made(tmp_path, code, "cortex-m4").findings] == []


HANDLERS = {
    "the stacked pc": "mov r3, sp\n str r0, [r3, #24]\n bx lr",
    "the stacked pc below its own frame": "push {r4, lr}\n str r0, [sp, #32]\n pop {r4, pc}",
    "through the process stack": "mrs r3, psp\n str r0, [r3, #24]\n bx lr",
}


@pytest.mark.parametrize("cpu", CORES)
@pytest.mark.parametrize("what", HANDLERS)
def test_a_handler_that_rewrites_what_the_core_saved_is_not_clean(tmp_path, what, cpu):
    text = HANDLERS[what].replace("\n ", "\\n")
    body = '__asm__(".syntax unified\\n.thumb_func\\n.type SysTick_Handler, %function\\n.global SysTick_Handler\\n'
    body += f'SysTick_Handler:\\n{text}\\n.size SysTick_Handler, . - SysTick_Handler");\n'
    proof = verify(link(tmp_path, ADD + body, cpu, start=VECTORS))
    assert {item.function for item in proof.findings} == {"SysTick_Handler"}


C_VTOR = "#define VTOR (*(volatile uint32_t *)0xe000ed08u)\n"
BASE = "typedef struct { volatile uint32_t cpuid, icsr, vtor, aircr; } scb_t;\n#define SCB ((scb_t *)0xe000ed00u)\n"
OTHER = "void other(void) { sink = sink * sink; /* here */ }\n"
TABLE = (
    "__attribute__((aligned(128), used)) static const uintptr_t second[16] = {0x20001000, (uintptr_t)other, 0, 0, 0,"
    " 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uintptr_t)other};\n"
)
RAM_TABLE = "__attribute__((aligned(128))) static uintptr_t second[16];\n"
USED = "__attribute__((used)) "
SET = {
    "a table in RAM": RAM_TABLE
    + C_VTOR
    + USED
    + "void set(void) { second[15] = (uintptr_t)other; VTOR = (uint32_t)second; }",
    "a second constant table": TABLE + C_VTOR + USED + "void set(void) { VTOR = (uint32_t)second; }",
    "by the block's address": RAM_TABLE + BASE + USED + "void set(void) { SCB->vtor = (uint32_t)second; }",
    "by a value that is not known": C_VTOR + USED + "void set(uint32_t at) { VTOR = at; }",
    "by a pointer that is handed on": C_VTOR
    + "static void put(volatile uint32_t *at, uint32_t to) { *at = to; }\n"
    + USED
    + "void set(uint32_t at) { put(&VTOR, at); }",
    "by a pointer in memory": C_VTOR
    + "volatile uint32_t *volatile at = &VTOR;\n"
    + USED
    + "void set(uint32_t to) { *at = to; }",
    "by a sum": C_VTOR
    + USED
    + "void set(uint32_t to) { uint32_t at = 0xe000e000u; at += 0xd00u; ((volatile uint32_t *)at)[2] = to; }",
}


@pytest.mark.parametrize("flags", [("-O0",), ("-O2",), ("-O1", "-mslow-flash-data")])
@pytest.mark.parametrize("what", SET)
def test_a_vector_table_set_at_run_time_is_followed_or_refused(tmp_path, what, flags):
    cpu = "cortex-m33" if "-O2" in flags else "cortex-m4"
    assert not verify(link(tmp_path, ADD + OTHER + SET[what], cpu, flags)).clean


def test_the_vector_table_that_was_examined_may_be_set_again(tmp_path):
    body = ADD + C_VTOR + USED + "void set(void) { VTOR = (uint32_t)vectors; }"
    assert verify(link(tmp_path, body)).findings == ()


def test_other_registers_of_the_core_may_be_written(tmp_path):
    body = (
        ADD + BASE + USED + "void set(void) { SCB->icsr = 1u << 26; *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20; }"
    )
    assert verify(link(tmp_path, body, "cortex-m33")).findings == ()


def test_an_entry_point_that_no_vector_table_has_is_found(tmp_path):
    elf = link(tmp_path, ADD)
    content = bytearray(elf.read_bytes())
    struct.pack_into("<I", content, 24, struct.unpack_from("<I", content, 24)[0] + 2)
    elf.write_bytes(content)
    text = "the file's entry point is in no vector table, so it may not be what runs"
    assert [item.text for item in verify(elf).findings] == [text]


def test_a_table_where_the_contents_begin_is_read_though_the_file_starts_elsewhere(tmp_path):
    """A decoy has the entry point; the chip starts by the first words of its flash."""
    script = tmp_path / "board.ld"
    script.write_text(
        "SECTIONS { . = 0; .first : { KEEP(*(.first)) } .text : { *(.text*) *(.vectors) *(.rodata*) } . = 0x20000000;"
        " .bss (NOLOAD) : { *(.bss*) } }\n"
    )
    real = TABLE.replace("aligned(128), used", 'aligned(128), used, section(".first")')
    elf = link(tmp_path, ADD + OTHER + real, flags=("-T", str(script)))
    assert any(item.text.startswith("mul") for item in verify(elf).findings)


def test_vectors_behind_what_the_tables_symbol_says_are_read(tmp_path):
    """The core reads sixteen words, whatever size a symbol has."""
    start = VECTORS + "void SysTick_Handler(void) { sink = sink * sink; /* here */ }\n"
    elf = link(tmp_path, ADD, start=start)
    content = bytearray(elf.read_bytes())
    at = content.index(struct.pack("<I", 64) + b"\x01")  # st_size of vectors, a local object
    struct.pack_into("<I", content, at, 8)
    elf.write_bytes(content)
    assert any(item.text.startswith("mul") for item in verify(elf).findings)


def test_a_table_written_to_the_first_address_is_read_though_it_is_seen_in_ram(tmp_path):
    script = tmp_path / "board.ld"
    script.write_text(
        "MEMORY { Z (rx) : ORIGIN = 0, LENGTH = 64K\n R (rw) : ORIGIN = 0x20000000, LENGTH = 8K }\nSECTIONS {"
        " .first : { KEEP(*(.first)) } > R AT > Z\n .text : { *(.text*) *(.vectors) *(.rodata*) } > Z\n"
        " .bss (NOLOAD) : { *(.bss*) } > R }\n"
    )
    real = TABLE.replace("aligned(128), used", 'aligned(128), used, section(".first")').replace("const ", "")
    elf = link(tmp_path, ADD + OTHER + real, flags=("-T", str(script)))
    assert any(item.text.startswith("mul") for item in verify(elf).findings)
