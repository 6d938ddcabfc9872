"""Names from files stay data in generated C, and the output is the same every time."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_snn.errors import InputError, ToolMissingError
from edge_snn.graph.graph import Graph
from edge_snn.graph.model import IntegerModel
from edge_snn.harness.firmware import build_firmware
from edge_snn.plan import build_plan
from edge_snn.reference import run
from firmware_gen import boards
from firmware_gen.build import ROOT
from firmware_gen.codegen import generate, render
from firmware_gen.emit import c_string, comment
from tests.networks import images, model

HOSTILE = ["*/ int evil; /*", "a\\", "??/", '"; system("x"); //', "%s%n", "naïve ünïcode", "x" * 200]


def renamed(made: IntegerModel, names: list[str]) -> IntegerModel:
    """The model with its first nodes and itself renamed."""
    mapping = {node.name: name for node, name in zip(made.graph.nodes, names)}
    nodes = tuple(
        replace(node, name=mapping.get(node.name, node.name), inputs=tuple(mapping.get(e, e) for e in node.inputs))
        for node in made.graph.nodes
    )
    graph = Graph(names[0], made.graph.timesteps, made.graph.image, nodes, "integer")
    edges = {mapping.get(name, name): facts for name, facts in made.edges.items()}
    accumulators = {}
    for key, value in made.accumulators.items():
        node, _, quantity = key.rpartition(".")
        accumulators[f"{mapping.get(node, node)}.{quantity}"] = value
    return IntegerModel(graph, edges, accumulators, made.classes)


def test_hostile_names_compile_and_compute_the_same(native):
    made = model()
    hostile = renamed(made, HOSTILE)
    x = images(2, made.input_shape)
    logits, counts = native.run(hostile, x)
    want = run(made.graph, x)
    assert np.array_equal(logits, want.logits)
    assert np.array_equal(counts, want.counts)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_comment_cannot_be_left(name):
    text = comment(name)
    assert text.startswith("/* ")
    assert text.endswith(" */")
    assert not set("*/\\?\n") & set(text[3:-3])


def test_a_string_literal_cannot_be_left():
    assert c_string('a"b\\n%s', 31) == '"a_b_n_s"'


def test_equal_models_give_equal_code(tmp_path):
    made = model()
    assert render(build_plan(made)) == render(build_plan(model()))
    generate(build_plan(made), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kernels.cmake", "model.c", "model_config.h"]


def test_proved_bounds_stand_beside_the_arrays():
    made = model()
    bounds = made.accumulators["block0.q.sum"]
    assert f"proved: sum {bounds.low}..{bounds.high}" in render(build_plan(made))["model.c"]


@pytest.mark.qemu
def test_code_for_vector_registers_says_so_where_there_are_none(tmp_path):
    generate(build_plan(model(), vectors=True), tmp_path)
    include = f"-I{ROOT / 'kernels' / 'include'}"
    for cpu, abi, says in (("m4", "soft", "generated for a core with vector registers"), ("m55", "hard", "")):
        command = [
            "arm-none-eabi-gcc",
            f"-mcpu=cortex-{cpu}",
            "-mthumb",
            f"-mfloat-abi={abi}",
            "-c",
            include,
            "-I.",
            "model.c",
            "-o",
            "model.o",
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode == 0) == (says == "")
        assert says in done.stderr


@pytest.mark.qemu
def test_a_board_that_is_too_small_says_by_how_much(tmp_path):
    board = replace(boards.load("microbit"), ram=boards.Region(0x20000000, 4096))
    with pytest.raises(InputError, match=r"board microbit: the model does not fit: it exceeds RAM by \d+ bytes"):
        build_firmware(model(), board, tmp_path)


@pytest.mark.qemu
def test_a_stack_that_is_too_small_is_refused(tmp_path):
    board = replace(boards.load("mps2-an386"), stack_bytes=64)
    with pytest.raises(InputError, match=r"needs \d+ bytes of stack, 64 are set aside"):
        build_firmware(model(), board, tmp_path)


def test_an_unknown_board_is_refused_by_name():
    with pytest.raises(InputError, match="no such board"):
        boards.load("arduino")


@pytest.mark.qemu
def test_one_folder_serves_several_boards(tmp_path):
    """Each board is built as if the others were not there: a CMake tree keeps the compiler it was made with."""
    made = model()
    first = {name: build_firmware(made, boards.load(name), tmp_path) for name in ("mps2-an386", "host", "microbit")}
    alone = build_firmware(made, boards.load("microbit"), tmp_path / "alone")
    assert first["microbit"].sections == alone.sections
    assert first["microbit"].stack_bound == alone.stack_bound
    assert len({result.elf for result in first.values()}) == 3


def test_a_compiler_without_its_library_is_told_from_no_compiler(tmp_path, monkeypatch):
    fake = tmp_path / "arm-none-eabi-gcc"
    fake.write_text("#!/bin/sh\necho nano.specs\n")  # what gcc prints for a file it does not find
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ToolMissingError, match="C library of arm-none-eabi-gcc"):
        build_firmware(model(), boards.load("microbit"), tmp_path / "out")


def test_the_package_carries_every_file_of_the_firmware():
    """A file of a kind that pyproject.toml does not list is missing where edge_snn was installed by pip."""
    listed = re.search(r"^firmware_gen = (\[.*?\])$", (ROOT.parent / "pyproject.toml").read_text(), re.M | re.S)
    suffixes = {Path(pattern).name.replace("*", "") for pattern in json.loads(listed.group(1))}
    files = [path for path in ROOT.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    stray = [path for path in files if path.suffix not in {".py", *suffixes} and path.name not in suffixes]
    assert files
    assert stray == []


def test_a_build_of_a_checkout_that_has_moved_is_made_anew(firmware):
    made = model()
    folder = firmware / "moved"
    first = build_firmware(made, boards.load("host"), folder)
    cache = folder / "host" / "CMakeCache.txt"
    cache.write_text(cache.read_text().replace(str(ROOT), "/somewhere/else/firmware_gen"))
    assert build_firmware(made, boards.load("host"), folder).elf == first.elf
    assert "/somewhere/else" not in cache.read_text()
