"""Firmware with a seeded fault: the sources are copied and one kernel is replaced; nothing that ships has a switch."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from edge_snn.graph.model import IntegerModel
from firmware_gen import build
from firmware_gen.boards import load


def copy_sources(folder: Path) -> Path:
    """A copy of firmware_gen in ``folder``, to be spoiled."""
    return Path(
        shutil.copytree(build.ROOT, folder / "spoiled" / "firmware_gen", ignore=shutil.ignore_patterns("__pycache__"))
    )


def spoil(root: Path, kernel: str, fault: str) -> None:
    """Lets a kernel run as it is and then executes ``fault``, C with `layer`, `arena` and its third argument."""
    path = root / "kernels" / "src" / f"{kernel}.c"
    text = path.read_text()
    found = re.search(rf"^esnn_status_t {kernel}\((.*?)\)$", text, re.MULTILINE | re.DOTALL)
    assert found, f"{kernel} has another signature"
    arguments = ", ".join(re.findall(r"(\w+)(?:,|$)", found.group(1)))
    text = text.replace(f"esnn_status_t {kernel}(", f"static esnn_status_t intact_{kernel}(")
    text += f"\n{found.group(0)}\n{{\n    const esnn_status_t status = intact_{kernel}({arguments});\n"
    path.write_text(f"{text}    {fault}\n    return status;\n}}\n")


def replace(root: Path, kernel: str, old: str, new: str) -> None:
    """Replaces text in a kernel; it must be there."""
    path = root / "kernels" / "src" / f"{kernel}.c"
    text = path.read_text()
    assert old in text, f"{kernel}.c does not say {old!r} any more: seed the fault elsewhere"
    path.write_text(text.replace(old, new))


def build_spoiled(
    root: Path, made: IntegerModel, board_name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The ELF of a model from spoiled sources."""
    with monkeypatch.context() as patch:
        patch.setattr(build, "ROOT", root)
        return build.build(made, load(board_name), folder).elf
