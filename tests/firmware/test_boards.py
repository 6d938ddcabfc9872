"""The same bits on every core: emulated boards against the integer reference, over the serial line."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from edge_snn.harness.client import Device
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.firmware import build_firmware
from edge_snn.models import zoo
from edge_snn.plan import build_plan
from edge_snn.reference import run
from firmware_gen import boards
from firmware_gen.build import PACKED_ROWS
from firmware_gen.verify import verify
from tests.firmware.forms import called
from tests.graphs import random_model
from tests.networks import images, model

# One board for each set of kernels (no DSP and short encodings, no DSP, DSP), and a short look at all others:
# the same kernels, compiled for another core, on other memories and serial ports.
THOROUGH = ["microbit", "mps2-an385", "mps2-an386"]
BRIEF = [name for name in boards.names() if boards.load(name).machine and name not in THOROUGH]
ALL = [pytest.param(name, marks=pytest.mark.qemu) for name in (*THOROUGH, "mps3-an547")] + ["host"]


CLOCKS = {"host": ("monotonic", "ns"), "microbit": ("TIMER0", "cycles")}  # the others: SysTick, as QEMU has no CYCCNT


# The models of CIFAR-10 have the layers of fashion-mnist, wider or narrower: a core each and the host, others if asked.
WIDE = [
    ("microbit", "cifar10"),
    ("microbit", "cifar10-small"),
    ("mps2-an385", "cifar10"),
    ("mps2-an386", "cifar10-small"),
]


def slow_if_wide(pair):
    return [pytest.mark.slow] if pair in WIDE else []


def and_briefly(values, brief):
    """(board, value): every value on the thorough boards and the host, one on each other board."""
    pairs = [(name, value) for name in THOROUGH for value in values] + [(name, brief) for name in BRIEF]
    emulated = [pytest.param(*pair, marks=[pytest.mark.qemu, *slow_if_wide(pair)]) for pair in pairs]
    return emulated + [("host", value) for value in values]


def check(made, board_name, folder, x, flags=()) -> list:
    """Runs images on a board; asserts that logits and counts are the reference's; returns the results."""
    board = boards.load(board_name)
    want = run(made.graph, x)
    built = build_firmware(made, board, folder / f"{board_name}-{made.sha256[:12]}", flags)
    results = []
    with Emulator(board, built.elf) as emulator:
        device = Device(emulator.port, emulator.death, floor=2.0)  # a busy computer is no lost frame
        device.connect(made.sha256, board_name)
        for index, image in enumerate(x):
            result = device.infer(index, image)
            assert np.array_equal(result.logits, want.logits[index]), f"logits of image {index}"
            assert np.array_equal(result.counts, want.counts[index]), f"spike counts of image {index}"
            results.append(result)
        info = device.read_info()
        assert device.retries == 0
        assert (info.clock, info.clock_unit) == CLOCKS.get(board_name, ("SysTick", "cycles"))
    if not board.is_host:
        assert 0 < info.stack_used <= built.stack_bound <= board.stack_bytes
        assert built.ram_bytes == built.sections[".data"] + built.sections[".bss"] + built.stack_bound
        assert built.sections[".bss"] >= build_plan(made).arena_bytes
        assert info.flash_bytes == built.flash_bytes
    return results


@pytest.mark.parametrize("board_name", ALL)
def test_a_transformer_gives_the_same_bits(board_name, firmware):
    made = model()
    results = check(made, board_name, firmware, images(4, made.input_shape))
    for result in results:
        assert result.ticks >= result.step_ticks.sum() > 0


@pytest.mark.parametrize(("board_name", "seed"), and_briefly([3, 11], 3))
def test_random_graphs_give_the_same_bits(board_name, seed, firmware):
    made = random_model(seed)
    check(made, board_name, firmware, images(3, made.input_shape, seed))


@pytest.mark.qemu
@pytest.mark.parametrize("flags", [(), (PACKED_ROWS,)], ids=["", "packed"])
@pytest.mark.parametrize("board_name", THOROUGH)
def test_four_bit_weights_give_the_same_bits(board_name, flags, firmware):
    made = model(weight_bits=4)
    check(made, board_name, firmware / "nibbles" / str(len(flags)), images(3, made.input_shape), flags)


def weights_of(elf) -> int:
    """Bytes of all arrays of weights in a program."""
    text = subprocess.run(["arm-none-eabi-nm", "-S", str(elf)], capture_output=True, text=True, check=True).stdout
    rows = [row for row in map(str.split, text.splitlines()) if len(row) == 4 and row[3].endswith("_weights")]
    assert len(rows) > 8
    return sum(int(row[1], 16) for row in rows)


@pytest.mark.qemu
@pytest.mark.parametrize("board_name", THOROUGH)
def test_four_bit_weights_take_half_the_flash_and_no_multiplication(board_name, firmware):
    board, sizes = boards.load(board_name), []
    for bits in (8, 4):
        made = model(weight_bits=bits, width=32)
        built = build_firmware(made, board, firmware / f"{board_name}-bits{bits}", (PACKED_ROWS,))
        assert verify(built.elf).clean
        sizes.append((weights_of(built.elf), built.flash_bytes))
        chains = [step.chain for step in build_plan(made).steps if getattr(step, "chain", None) is not None]
    saved = sum(chain.blocks * chain.inputs * 8 for chain in chains)
    assert sizes[0][0] - sizes[1][0] == saved > 9000
    assert abs(sizes[0][1] - sizes[1][1] - saved) < 16  # the rest of the program is the same, to a few bytes


@pytest.mark.qemu
@pytest.mark.parametrize("board_name", THOROUGH)
def test_the_largest_sums_give_the_same_bits(board_name, firmware):
    """More than 255 active rows with weights of one sign: 16-bit lanes must be emptied in time."""
    made = model(width=32, heads=4, size=10)
    from edge_snn.graph.facts import EdgeFacts
    from edge_snn.graph.graph import Graph
    from edge_snn.graph.model import IntegerModel
    from edge_snn.passes import bounds

    nodes = []
    for node in made.graph.nodes:
        if node.name == "rpe.neuron":
            node = replace(node, threshold=np.ones_like(node.threshold))
        if node.name == "rpe.conv":
            node = replace(node, weight=np.full_like(node.weight, -128))
        if node.name == "stage2.conv":
            node = replace(node, bias=np.full_like(node.bias, 30000))
        nodes.append(node)
    graph = Graph("heavy", made.graph.timesteps, made.graph.image, tuple(nodes), "integer")
    proof = bounds.prove(graph)
    edges = {name: EdgeFacts(proof.edges[name].bounds(name), np.ones(1)) for name in graph.specs}
    heavy = IntegerModel(graph, edges, proof.accumulators, made.classes)
    x = images(2, heavy.input_shape)
    active = run(graph, x, keep=["rpe.neuron"]).edges["rpe.neuron"]
    assert active.mean() > 0.9  # 9 * 32 inputs, nearly all active: far beyond 255 rows
    check(heavy, board_name, firmware, x)


@pytest.mark.qemu
def test_latency_is_the_same_in_two_runs(firmware):
    made = model()
    x = images(2, made.input_shape)
    first = check(made, "mps2-an386", firmware, x)
    second = check(made, "mps2-an386", firmware, x)
    for a, b in zip(first, second):
        assert a.ticks == b.ticks
        assert np.array_equal(a.step_ticks, b.step_ticks)


# For the 16 kB of RAM of a micro:bit.
TOO_LARGE = ("fashion-mnist", "cifar10", "cifar10-small", "cifar10-int8", "fashion-mnist-int8")


@pytest.mark.parametrize(("board_name", "name"), and_briefly(zoo.names(), "fashion-mnist"))
def test_shipped_models_give_the_same_bits(board_name, name, firmware):
    from edge_snn import data
    from edge_snn.api import load
    from edge_snn.errors import InputError

    made = load(name)
    if zoo.card(name)["data"] == "cifar10":  # no image of it may ship
        x = images(4, made.input_shape)
    else:
        x = data.fit(data.load("digits" if name == "digits" else "fashion-mnist-1000", "test", 4), made.input_shape).x
    if board_name == "microbit" and name in TOO_LARGE:
        with pytest.raises(InputError, match=r"does not fit: it exceeds .*RAM by"):
            check(made, board_name, firmware, x)
        return
    check(made, board_name, firmware, x)


@pytest.mark.qemu
def test_rows_are_packed_where_pairs_do_not_fit_the_flash(firmware):
    from edge_snn import data
    from edge_snn.api import load

    made = load("fashion-mnist-nano")
    wide = boards.load("microbit")
    assert wide.flash is not None
    small = replace(wide, flash=boards.Region(0, 128 * 1024))
    built = build_firmware(made, small, firmware / "packed")
    assert built.flash_bytes < 128 * 1024
    paired = build_firmware(made, wide, firmware / f"microbit-{made.sha256[:12]}")
    assert paired.flash_bytes > built.flash_bytes + 60 * 1024  # the weights, once more
    x = data.fit(data.load("fashion-mnist-1000", limit=2), made.input_shape).x
    want = run(made.graph, x)
    with Emulator(small, built.elf) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(made.sha256, "microbit")
        for index, image in enumerate(x):
            result = device.infer(index, image)
            assert np.array_equal(result.logits, want.logits[index])
            assert np.array_equal(result.counts, want.counts[index])


PROVED = [(board, name) for board in THOROUGH for name in (None, *zoo.names())]
PROVED += [(board, "fashion-mnist") for board in BRIEF]
PROVED = [pytest.param(*pair, marks=slow_if_wide(pair)) for pair in PROVED]


@pytest.mark.qemu
@pytest.mark.parametrize(("board_name", "name"), PROVED)
def test_inference_never_multiplies(board_name, name, firmware):
    from edge_snn.api import load

    if name in TOO_LARGE and board_name == "microbit":
        return  # does not fit, see above
    made = model() if name is None else load(name)
    built = build_firmware(made, boards.load(board_name), firmware / f"{board_name}-{made.sha256[:12]}")
    kernels = re.findall(r"^    status = (\w+)\(", built.generated.folder.joinpath("model.c").read_text(), re.MULTILINE)
    assert len(kernels) > 5
    proof = verify(built.elf)
    assert proof.findings == ()
    assert set(kernels) <= called(proof.functions)  # each in the form that the core takes
    assert {"esnn_model_infer", "esnn_clock_ticks"} <= set(proof.functions)
    assert proof.instructions > 1000
    assert "SysTick_Handler" in {item.function for item in proof.interrupts}
    assert proof.indirect == ()


@pytest.mark.qemu
def test_binutils_finds_no_multiply_in_the_whole_helium_program(firmware):
    """A second opinion on the board where the proof itself rests on binutils: by a deny-list, and of all code."""
    from edge_snn.api import load

    made = load("fashion-mnist")
    built = build_firmware(made, boards.load("mps3-an547"), firmware / f"mps3-an547-{made.sha256[:12]}")
    found = mnemonics(built.elf)
    assert {"le", "dls", "vstrw.32"} <= set(found)  # or Helium was not decoded
    assert [name for name in found if MULTIPLIES.match(name)] == []


MULTIPLIES = re.compile(r"v?\w*(mul|mla|mls|div|fma|fms)|sm[ulm]|um[ula]|.*\.f\d\d|.*undef|cdp|mcr|mrc|ldc|stc")


def mnemonics(elf) -> set[str]:
    """Every instruction of the program, runtime and library included, as Armv8.1-M."""
    command = ["arm-none-eabi-objdump", "-d", "-marmv8.1-m.main", str(elf)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in text.splitlines()]
    return {row[2].split()[0] for row in rows if len(row) > 2 and not row[2].startswith(".")}


def test_what_counts_as_a_multiply():
    bad = "mul muls smull umlal umaal smlad smuad smmla sdiv vmul.i16 vmladav.s8 vqdmulh.s16 vfma.f32 vadd.f32"
    good = "add movs umov usat stm smax vadd.i16 vldrb.s16 vstrw.32 vdup.32 le dls lsll sxtab16 shadd16 uxtb"
    assert [name for name in bad.split() if not MULTIPLIES.match(name)] == []
    assert [name for name in good.split() if MULTIPLIES.match(name)] == []
