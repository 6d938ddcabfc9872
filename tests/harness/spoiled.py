"""Firmware with a seeded fault: the sources are copied and one kernel is changed; nothing that ships has a switch."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from edge_snn.graph.model import IntegerModel
from firmware_gen import build
from firmware_gen.boards import load


class Sources:
    """A copy of firmware_gen, to be spoiled, built and restored."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        self.root = Path(shutil.copytree(build.ROOT, folder / "spoiled" / "firmware_gen", ignore=ignored))
        self._intact: dict[Path, str] = {}

    def restore(self) -> None:
        """Takes back all faults."""
        for path, text in self._intact.items():
            path.write_text(text)
        self._intact.clear()

    def spoil(self, kernel: str, fault: str) -> None:
        """Lets a kernel run as it is and then executes ``fault``, C with `layer`, `arena` and its third argument."""
        text = self._text(kernel)
        found = re.search(rf"^esnn_status_t {kernel}\((.*?)\)$", text, re.MULTILINE | re.DOTALL)
        assert found, f"{kernel} has another signature"
        arguments = ", ".join(re.findall(r"(\w+)(?:,|$)", found.group(1)))
        text = text.replace(f"esnn_status_t {kernel}(", f"static esnn_status_t intact_{kernel}(")
        text += f"\n{found.group(0)}\n{{\n    const esnn_status_t status = intact_{kernel}({arguments});\n"
        self._write(kernel, f"{text}    {fault}\n    return status;\n}}\n")

    def replace(self, kernel: str, old: str, new: str) -> None:
        """Replaces text in a kernel; it must be there."""
        text = self._text(kernel)
        assert old in text, f"{kernel}.c does not say {old!r} any more: seed the fault elsewhere"
        self._write(kernel, text.replace(old, new))

    def build(self, made: IntegerModel, board_name: str, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The ELF of a model from these sources."""
        with monkeypatch.context() as patch:
            patch.setattr(build, "ROOT", self.root)
            patch.setenv("EDGE_SNN_CACHE", str(self.folder / "cache"))
            return build.build(made, load(board_name), self.folder / made.sha256[:12]).elf

    def _path(self, kernel: str) -> Path:
        return self.root / "kernels" / "src" / f"{kernel}.c"

    def _text(self, kernel: str) -> str:
        return self._path(kernel).read_text()

    def _write(self, kernel: str, text: str) -> None:
        path = self._path(kernel)
        self._intact.setdefault(path, path.read_text())
        path.write_text(text)
