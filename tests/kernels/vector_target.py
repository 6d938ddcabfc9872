"""Runs kernels on an emulated core: cases go in and results come out through files, by semihosting."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from firmware_gen import boards
from firmware_gen.build import ROOT, write_board_files

HERE = Path(__file__).parent
FLAGS = "-std=c11 -O3 -g -Wall -Wextra -Werror -ffunction-sections -fdata-sections".split()
SECONDS = 120


def packed(*parts: np.ndarray | Sequence[int]) -> bytes:
    """Parts of a case, each from a multiple of 8 bytes on; sequences of int are uint32."""
    blob = b""
    for part in parts:
        data = (part if isinstance(part, np.ndarray) else np.array(part, np.uint32)).tobytes()
        blob += data + bytes(-len(data) % 8)
    return blob


class Target:
    """The kernels and a file of cases (target.h), linked for a board."""

    def __init__(self, board_name: str, cases: Path, folder: Path) -> None:
        self.board, self.folder = boards.load(board_name), folder
        write_board_files(self.board, folder)
        sources = [*(ROOT / "kernels" / "src").glob("*.c"), ROOT / "boards" / "common" / "startup.c"]
        sources += [cases, HERE / "target_main.c"]
        includes = [f"-I{path}" for path in (ROOT / "kernels" / "include", ROOT / "runtime" / "include", HERE, folder)]
        link = ["-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", "-Wl,--gc-sections"]
        command = ["arm-none-eabi-gcc", *self.board.cpu_flags, *FLAGS, *includes, *map(str, sources), *link]
        command += ["-T", str(folder / "board.ld"), "-o", str(folder / "target.elf")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]

    def run(self, cases: Sequence[tuple[int, bytes]]) -> list[bytes]:
        """The results of (kernel, input) pairs."""
        blob = b"".join(np.array([kernel, len(data)], "<u4").tobytes() + data for kernel, data in cases)
        (self.folder / "cases.bin").write_bytes(blob)
        command = [
            "qemu-system-arm",
            "-M",
            self.board.machine,
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            "none",
        ]
        command += ["-semihosting-config", "enable=on,target=native", "-kernel", "target.elf"]
        subprocess.run(command, cwd=self.folder, check=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
        out, results, at = (self.folder / "results.bin").read_bytes(), [], 0
        while at < len(out):
            size = int.from_bytes(out[at : at + 4], "little")
            results.append(out[at + 4 : at + 4 + size])
            at += 4 + size
        assert len(results) == len(cases)
        return results
