"""What start-up leaves in the registers of an STM32F405: QEMU models none of its clocks and pins.

Fields as in RM0090, chapters 7 (RCC), 8 (GPIO), 30 (USART) and 3.9 (flash).
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from firmware_gen import boards
from firmware_gen.build import ROOT, write_board_files

HSI_READY, HSE_READY, PLL_READY = 1 << 1, 1 << 17, 1 << 25
BOARD = boards.load("netduinoplus2")


@pytest.fixture(scope="module")
def set_up(tmp_path_factory):
    """A function from what RCC_CR reads to the registers after start-up."""
    folder = tmp_path_factory.mktemp("stm32")
    write_board_files(BOARD, folder)
    program = folder / "registers"
    sources = [Path(__file__).with_name("stm32_registers.c"), ROOT / "boards" / BOARD.name / "board.c"]
    command = ["gcc", "-std=c11", "-O1", "-Wall", "-Wno-int-to-pointer-cast"]
    command += [f"-I{folder}", f"-I{ROOT / 'runtime' / 'include'}", *map(str, sources), "-o", str(program)]
    subprocess.run(command, check=True)
    return lambda ready: json.loads(subprocess.check_output([str(program), hex(ready)]))


def system_clock(registers) -> float:
    """Hertz, from the fields of PLLCFGR and CFGR."""
    pll = registers["pllcfgr"]
    source = 25e6 if pll >> 22 & 1 else 16e6
    voltage_controlled = source / (pll & 63) * (pll >> 6 & 511)
    return voltage_controlled / (2 * (pll >> 16 & 3) + 2) if registers["cfgr"] & 3 == 2 else 16e6


@pytest.mark.parametrize("crystal", [True, False])
def test_the_clock_is_168_mhz_with_and_without_the_crystal(set_up, crystal):
    registers = set_up(HSI_READY | PLL_READY | (HSE_READY if crystal else 0))
    assert bool(registers["pllcfgr"] >> 22 & 1) is crystal
    assert bool(registers["cr"] >> 16 & 1) is crystal  # HSEON
    assert registers["cr"] >> 24 & 1  # PLLON
    assert system_clock(registers) == BOARD.clock_hz
    assert registers["acr"] == 0x705  # caches, prefetch, five wait states
    assert registers["cfgr"] >> 4 & 15 == 0  # AHB: undivided
    assert registers["cfgr"] >> 10 & 7 == 5  # APB1: a quarter, 42 MHz at the most
    assert registers["cfgr"] >> 13 & 7 == 4  # APB2: half, 84 MHz at the most
    baud = system_clock(registers) / 2 / registers["brr"]
    assert abs(baud / 115200 - 1) < 0.002


def test_without_a_clock_control_nothing_waits(set_up):
    registers = set_up(0)
    assert registers["cr"] == 0
    assert registers["acr"] == 0
    assert registers["cr1"] == 0x200C


def test_a_pll_that_does_not_lock_is_never_switched_to(set_up):
    assert set_up(HSI_READY | HSE_READY)["cfgr"] == 0


def test_the_port_is_on_its_pins(set_up):
    registers = set_up(HSI_READY | HSE_READY | PLL_READY)
    assert registers["ahb1enr"] == 1 << 1
    assert registers["apb2enr"] == 1 << 4
    assert registers["cr1"] == 0x200C  # enabled, sends and receives, 8N1
    assert registers["moder"] == 0x280 | 0b1010 << 12  # pins 6 and 7; the debug pins as they were
    assert registers["pupdr"] == 0x100 | 0b0101 << 12
    assert registers["afrl"] == 0x77 << 24
