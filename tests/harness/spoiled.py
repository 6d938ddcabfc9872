"""Firmware with a seeded fault: the sources are copied and one kernel is changed; nothing that ships has a switch."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from edge_snn.graph.model import IntegerModel
from edge_snn.harness.firmware import build_firmware
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
        """Lets a kernel run as it is and then executes ``fault``, C with `layer`, `arena` and its third argument.

        All of its forms are spoiled: a kernel may have a file a core.
        """
        forms = (self.root / "kernels" / "include" / "esnn_forms.h").read_text()
        names = "|".join({kernel, *re.findall(rf"^#define {kernel} (\w+)$", forms, re.MULTILINE)})
        head = re.compile(rf"^esnn_status_t ({names})\((.*?)\)$", re.MULTILINE | re.DOTALL)
        variants = [path for path in (self.root / "kernels" / "src").rglob("*.c") if head.search(path.read_text())]
        assert variants, f"{kernel} has another signature"
        for path in variants:
            text = path.read_text()
            found = head.search(text)
            assert found
            form = found.group(1)
            arguments = ", ".join(re.findall(r"(\w+)(?:,|$)", found.group(2)))
            end = text.index("\n}\n", found.end()) + 3
            intact = text[found.start() : end].replace(f"esnn_status_t {form}(", f"static esnn_status_t intact_{form}(")
            spoiled = f"\n{found.group(0)}\n{{\n    const esnn_status_t status = intact_{form}({arguments});\n"
            spoiled += f"    {fault}\n    return status;\n}}\n"
            self._write(path, text[: found.start()] + intact + spoiled + text[end:])

    def replace(self, kernel: str, old: str, new: str) -> None:
        """Replaces text in a kernel; it must be there."""
        path = self._path(kernel)
        text = path.read_text()
        assert old in text, f"{kernel}.c does not say {old!r} any more: seed the fault elsewhere"
        self._write(path, text.replace(old, new))

    def build(self, made: IntegerModel, board_name: str, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The ELF of a model from these sources."""
        with monkeypatch.context() as patch:
            patch.setattr(build, "ROOT", self.root)
            patch.setenv("EDGE_SNN_CACHE", str(self.folder / "cache"))
            return build_firmware(made, load(board_name), self.folder / made.sha256[:12]).elf

    def _path(self, kernel: str) -> Path:
        (path,) = (self.root / "kernels" / "src").rglob(f"{kernel}.c")
        return path

    def _write(self, path: Path, text: str) -> None:
        self._intact.setdefault(path, path.read_text())
        path.write_text(text)
