"""Identity of a firmware's sources: tells a board with stale firmware from one with today's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from edge_snn.plan import Plan
from firmware_gen.boards import Board

ROOT = Path(__file__).parent
BYTES = 16


def expected(plan: Plan, board: Board) -> str:
    """Build id, in hexadecimal, of the firmware that this program would build; nothing is written or compiled."""
    from firmware_gen.codegen import render

    return _digest({name: text.encode("ascii") for name, text in render(plan).items()}, board).hex()


def of(generated: Iterable[Path], board: Board) -> bytes:
    """Build id of generated files for a board. The compiler is not in it: a reader has no way to know it."""
    return _digest({path.name: path.read_bytes() for path in generated}, board)


def _digest(generated: dict[str, bytes], board: Board) -> bytes:
    paths = [ROOT / "CMakeLists.txt", ROOT / "boards" / "common" / "board.ld", *board.source_paths()]
    paths += (ROOT / "boards" / "common").glob("*.h")
    for folder in ("kernels", "runtime"):
        paths += [*(ROOT / folder).rglob("*.c"), *(ROOT / folder).rglob("*.h")]
    contents = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}
    contents |= {f"model/{name}": data for name, data in generated.items()}
    contents["board"] = repr(board).encode()
    whole = hashlib.sha256()
    for name in sorted(contents):
        whole.update(name.encode() + b"\0" + hashlib.sha256(contents[name]).digest())
    return whole.digest()[:BYTES]
