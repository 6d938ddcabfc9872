"""The kernels a model is said to need link it, none is missing, none is superfluous; and kernels keep no state."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from edge_snn.api import load
from edge_snn.plan import build_plan
from firmware_gen import boards, needed
from firmware_gen.build import PACKED_ROWS, ROOT, write_board_files
from firmware_gen.codegen import generate
from tests.graded_models import random_codes
from tests.graphs import random_model
from tests.networks import model

KERNELS = ROOT / "kernels"
BOARDS = {boards.load(name).core.lower(): name for name in ("microbit", "mps2-an385", "mps2-an386", "mps2-an500")}
BOARDS |= {boards.load(name).core.lower(): name for name in ("mps2-an505", "mps3-an547", "host")}
MODELS = {
    "digits": lambda: load("digits"),
    "four bits": lambda: model(size=13, weight_bits=4),
    "two steps": lambda: model(timesteps=2),
    "random": lambda: random_model(3),
    "more random": lambda: random_model(11),
    "codes": lambda: random_codes(3),
}
SLOW = ("cortex-m3", "cortex-m7", "cortex-m33")  # their forms: but for paired rows of an M3, those of others


def compiler(core: str) -> list[str]:
    """Its command, without what to compile."""
    name, _, packed = core.partition("-packed") if core.endswith("-packed") else (core, "", None)
    board = boards.load(BOARDS[name])
    flags = [*board.cpu_flags, *([] if packed is None else [PACKED_ROWS])]
    return ["gcc" if board.is_host else "arm-none-eabi-gcc", *flags]


class Objects:
    """Kernels compiled for a core: names that each defines and names that it wants, by file."""

    def __init__(self, core: str, folder: Path) -> None:
        self.command = [*compiler(core), "-std=c11", "-O1", f"-I{KERNELS / 'include'}"]
        self.folder = folder
        self.tool = "nm" if core == "host" else "arm-none-eabi-nm"
        sources = sorted((KERNELS / "src").rglob("*.c"))
        self.compile(sources)
        self.places = {f"{path.stem}.o": path.relative_to(KERNELS / "src").as_posix() for path in sources}
        self.kernels = self.names(self.places)

    def compile(self, sources, *flags: str) -> None:
        subprocess.run([*self.command, *flags, "-c", *map(str, sources)], check=True, cwd=self.folder)

    def names(self, objects) -> dict[str, dict[str, set[str]]]:
        """By object, then by nm's letter for what a name is."""
        done = subprocess.run([self.tool, "-A", *objects], cwd=self.folder, capture_output=True, text=True, check=True)
        found: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in objects}
        for line in done.stdout.splitlines():
            place, _, rest = line.partition(":")
            *_, letter, name = rest.split()
            found[place][letter].add(name)
        return found


@pytest.fixture(
    scope="module",
    params=[pytest.param(core, marks=[pytest.mark.slow] if core in SLOW else []) for core in needed.CORES],
)
def core(request, tmp_path_factory):
    return request.param, Objects(request.param, tmp_path_factory.mktemp("objects"))


@pytest.mark.parametrize("name", MODELS)
def test_the_kernels_listed_link_the_model_and_none_could_be_left_out(core, name, tmp_path):
    core_name, objects = core
    made = generate(build_plan(MODELS[name](), core_name == "cortex-m55"), tmp_path / "model")
    objects.compile([made.folder / "model.c"], f"-I{made.folder}")
    wants = objects.names(["model.o"])["model.o"]["U"]
    listed = made.kernels(core_name)
    parts = [names for place, names in objects.kernels.items() if objects.places[place] in listed]
    has = {name for names in parts for letter in "TRDBC" for name in names[letter]}
    asked = wants | {name for names in parts for name in names["U"]}
    assert {name for name in asked - has if name.startswith("esnn_")} == {"esnn_clock_ticks"}
    assert {Path(path).stem for path in listed} <= asked


def test_a_list_names_fewer_than_half_of_the_kernels(tmp_path):
    made = generate(build_plan(load("digits")), tmp_path)
    assert 0 < len(made.kernels("cortex-m4")) < len(list((KERNELS / "src").rglob("*.c"))) / 2
    text = (tmp_path / "kernels.cmake").read_text()
    for core_name in needed.cores(vectors=False):
        assert f"set(ESNN_KERNELS_{core_name}\n    " + "\n    ".join(made.kernels(core_name)) + ")\n" in text


def test_kernels_have_no_memory_of_their_own(core):
    for place, names in core[1].kernels.items():
        assert not {letter: names[letter] for letter in "DdBbCcGgSs" if names[letter]}, place


@pytest.mark.parametrize("core_name", needed.CORES)
def test_the_macros_of_a_core_are_those_of_its_compiler(core_name):
    command = [*compiler(core_name), "-dM", "-E", "-x", "c", "/dev/null"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    made = {line.split()[1]: line.split()[-1] for line in text.splitlines()}
    looked_at = needed.FORMS.read_text() + (KERNELS / "include" / "esnn_build.h").read_text()
    for name in {name for macros in needed.CORES.values() for name in macros} - {"__GNUC__"}:
        known = needed.CORES[core_name].get(name)
        assert (known is None) == (name not in made), name
        assert known is None or known == int(made[name]), name
        assert name in looked_at or name == "__arm__"


def test_cmake_compiles_what_is_listed_and_nothing_else(tmp_path):
    board = boards.load("mps2-an386")
    made = generate(build_plan(load("digits")), tmp_path / "model")
    write_board_files(board, tmp_path / "board")
    settings = [f"-DESNN_MODEL_DIR={made.folder}", f"-DESNN_BOARD_DIR={tmp_path / 'board'}"]
    settings += [f"-DCMAKE_TOOLCHAIN_FILE={ROOT / 'arm-none-eabi.cmake'}"]
    for command in (["cmake", "-S", str(ROOT), "-B", "out", *settings], ["cmake", "--build", "out", "-j2"]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    kernels = tmp_path.glob("out/CMakeFiles/firmware.dir/kernels/src/*/*.obj")
    assert sorted(path.stem for path in kernels) == sorted(Path(path).name for path in made.kernels("cortex-m4"))
