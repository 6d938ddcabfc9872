"""64-bit time never jumps, whatever moment a counter turns over at: on simulated counters, interrupts and delays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firmware_gen.build import ROOT

COMMON = ROOT / "boards" / "common"
DRIVER = Path(__file__).with_name("clock_registers.c")
SHARED = "\nstatic __typeof__(core_clock) *shared(void)\n{\n    tick();\n    return &core_clock;\n}\n"
READINGS = 20_000
KINDS = {"systick": "SysTick", "dwt": "DWT CYCCNT", "absent": "SysTick", "still": "SysTick", "locked": "SysTick"}


def compiled(folder: Path, file: str = "", old: str = "", new: str = "") -> Path:
    """The clock on simulated counters; with a fault in place of ``old``, if one is given."""
    for name in ("core_clock.c", "wide_clock.h"):
        text = (COMMON / name).read_text()
        if name == file:
            assert old in text, f"{name} does not say {old!r} any more"
            text = text.replace(old, new)
        if name == "core_clock.c":  # time passes between accesses to its own memory, too
            text = text.replace("core_clock.", "shared()->").replace("} core_clock;", "} core_clock;" + SHARED)
        (folder / name).write_text(text)
    program = folder / "program"
    command = ["gcc", "-std=gnu11", "-O1", "-Wall", "-Werror", "-fsanitize=address,undefined"]
    command += ["-Wno-unused-variable", "-Wno-unused-but-set-variable", "-Wno-unused-parameter"]
    command += [f'-DCLOCK_SOURCE="{folder / "core_clock.c"}"', f"-I{ROOT / 'runtime' / 'include'}", f"-I{folder}"]
    (folder / "board_config.h").write_text("#pragma once\n")
    subprocess.run([*command, str(DRIVER), "-o", str(program)], check=True)
    return program


def readings(program: Path, kind: str, seed: int, count: int = READINGS) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program), kind, str(seed), str(count)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("clock"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_reading_is_the_time_that_has_passed(clock, kind):
    for seed in range(8):
        done = readings(clock, kind, seed)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
def test_cyccnt_is_used_only_where_it_counts(clock, kind, name):
    assert readings(clock, kind, 0, 1).stdout == f"{name}\n"


LOOP = "} while (turns != core_clock.cycles.turns || last != core_clock.cycles.last);"
FAULTS = {
    "a waiting interrupt is forgotten": ("systick", "wide_clock.h", "pending != 0 && since", "0 && since"),
    "a waiting interrupt always counts": ("systick", "wide_clock.h", "since <= ESNN_SYSTICK_LAST / 2u", "1"),
    "a turn begins a count late": ("systick", "wide_clock.h", "(0u - count)", "(0xffffffu - count)"),
    "an interrupt in between is forgotten": (
        "systick",
        "core_clock.c",
        "} while (turns != core_clock.turns);",
        "} while (0);",
    ),
    "the last turn is forgotten": ("dwt", "wide_clock.h", "now < last ? turns + 1u : turns", "turns"),
    "an interrupt within a reading is forgotten": ("dwt", "core_clock.c", LOOP, "} while (0);"),
    "the interrupt takes no reading": ("dwt", "core_clock.c", "esnn_wide_take(&core_clock.cycles, DWT_CYCCNT);", ";"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_clock_with_a_fault_is_caught(fault, tmp_path):
    kind, file, old, new = FAULTS[fault]
    program = compiled(tmp_path, file, old, new)
    assert any("is not in" in readings(program, kind, seed).stdout for seed in range(8))


def test_a_32_bit_timer_is_followed_over_its_turns(tmp_path):
    """What TIMER0 of the nRF51 does: one reader, at least one reading a turn."""
    source = tmp_path / "timer.c"
    source.write_text(
        f'#include "{COMMON / "wide_clock.h"}"\n'
        "int main(void) {\n"
        "    const uint32_t steps[] = {1u, 0xffffffffu, 0x7fffffffu, 0x80000000u, 0u, 0xfffffffeu, 12345u};\n"
        "    esnn_wide_t timer = {0, 0};\n"
        "    uint64_t now = 0;\n"
        "    for (uint32_t i = 0; i < 700u; ++i) {\n"
        "        now += steps[i % 7u];\n"
        "        esnn_wide_take(&timer, (uint32_t)now);\n"
        "        if (esnn_wide_time(timer.turns, timer.last, timer.last) != now) { return 1; }\n"
        "    }\n"
        "    return now > 300u * (1ull << 32) ? 0 : 2;\n"
        "}\n"
    )
    subprocess.run(["gcc", "-std=c11", "-Wall", "-Werror", str(source), "-o", str(tmp_path / "timer")], check=True)
    assert subprocess.run([str(tmp_path / "timer")]).returncode == 0
