"""Other programs: compilers, CMake, disassemblers. What they print is UTF-8, or bytes that come back unchanged."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path


def run(command: Sequence[str], timeout: float | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a program and captures what it prints, whatever the locale is."""
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="surrogateescape", timeout=timeout, check=False
    )


def write_back(path: Path, text: str) -> None:
    """Writes what :func:`run` captured, or text with paths in it."""
    path.write_bytes(encoded(text))


def encoded(text: str) -> bytes:
    """The bytes of captured text, or of text with paths in it."""
    return text.encode("utf-8", "surrogateescape")
