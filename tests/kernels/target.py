"""Runs a file of cases with the kernels of one core, emulated, or with the portable ones on this computer."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from firmware_gen import boards
from firmware_gen.build import PACKED_ROWS, ROOT, write_board_files
from firmware_gen.codegen import GeneratedModel

HERE = Path(__file__).parent
FLAGS = ["-std=c11", "-g", "-Wall", "-Wextra", "-Werror", "-ffunction-sections", "-fdata-sections"]


# Flags of a user's own build, besides those of the normal one; slow. Inline assembler must not lean on ours.
BUILDS = {"": (), "-O0": ("-O0",), "-Os fp": ("-Os", "-fno-omit-frame-pointer")}


def emulated(names: Iterable[str]) -> list[ParameterSet]:
    """Parameters (name, flags) of each build: the normal one, and slow ones."""
    return [
        pytest.param(
            (name, flags),
            id=f"{name} {build}".strip(),
            marks=[pytest.mark.qemu, *([pytest.mark.slow] if build else [])],
        )
        for build, flags in BUILDS.items()
        for name in names
    ]


class Target:
    """A program of kernels.

    Args:
        board_name: an emulated board; None: this computer, under sanitizers, with the portable kernels.
        flags: more for the compiler.
        cases: the file of cases.
        model: that they run; then only the kernels that it needs are compiled.
    """

    def __init__(
        self,
        folder: Path,
        board_name: str | None,
        flags: tuple[str, ...] = (),
        cases: str = "cases.c",
        model: GeneratedModel | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        self.folder, self.program = folder, folder / "cases"
        kernels = sorted((ROOT / "kernels" / "src").rglob("*.c"))
        include = [f"-I{ROOT / 'kernels' / 'include'}"]
        if model is not None:
            core = boards.load(board_name or "host").core.lower() + "-packed" * (PACKED_ROWS in flags)
            kernels = [ROOT / "kernels" / "src" / name for name in model.kernels(core)] + [model.folder / "model.c"]
            include.append(f"-I{model.folder}")
        sources = [*kernels, HERE / cases]
        if board_name is None:
            compiler = ["gcc", "-O1", "-DESNN_PORTABLE", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
            sources.append(HERE / "files.c")
            self.command = [str(self.program)]
        else:
            board = boards.load(board_name)
            write_board_files(board, folder)
            compiler = ["arm-none-eabi-gcc", "-O3", *board.cpu_flags, "-fno-tree-scev-cprop", "-fno-jump-tables"]
            compiler += ["-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", "-Wl,--gc-sections"]
            compiler += ["-T", str(folder / "board.ld")]
            sources += [HERE / "semihosting.c", ROOT / "boards" / "common" / "startup.c"]
            include += [f"-I{ROOT / 'runtime' / 'include'}", f"-I{folder}"]
            self.command = ["qemu-system-arm", "-machine", board.machine, "-nographic", "-monitor", "none", "-serial"]
            self.command += ["none", "-semihosting-config", "enable=on,target=native", "-kernel", str(self.program)]
        done = subprocess.run(
            [*compiler, *FLAGS, *flags, *include, *map(str, sources), "-o", str(self.program)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def run(self, cases: bytes) -> bytes:
        """What the program writes for cases."""
        (self.folder / "in.bin").write_bytes(cases)
        (self.folder / "out.bin").unlink(missing_ok=True)
        done = subprocess.run(self.command, cwd=self.folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr[-3000:]
        return (self.folder / "out.bin").read_bytes()
