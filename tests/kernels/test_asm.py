"""What inline assembler pushes is in the stack bound, though the compiler's figures know nothing of it."""

from __future__ import annotations

import re

from firmware_gen import stack
from firmware_gen.build import ROOT

KERNELS = ROOT / "kernels"
PUSH = re.compile(r"push \{([^}]*)\}|sub sp, (?:sp, )?#(\d+)")
RANGE = re.compile(r"r(\d+)-r(\d+)")
PIECE = re.compile(r"^(?=#define |[a-z_].*\()", re.MULTILINE)  # a macro, or a function; what pushes is in one


def registers(text: str) -> int:
    """How many a list such as ``r1, r4-r7`` has."""
    ranges = [RANGE.fullmatch(part.strip()) for part in text.split(",")]
    return sum(int(found[2]) - int(found[1]) + 1 if found else 1 for found in ranges)


def pushed(piece: str) -> int:
    return sum(4 * registers(found[1]) if found[1] else int(found[2]) for found in PUSH.finditer(piece))


def test_pushed_bytes_are_counted():
    assert pushed('"push {r1, r2, r4-r11}\\n" "sub sp, sp, #32\\n"') == 72
    assert pushed('"pop {r1, r2}\\n" "sub r1, r2\\n"') == 0


def test_no_assembler_pushes_more_than_the_stack_bound_counts():
    told = re.search(r"#define ESNN_ASM_BYTES (\d+)", (KERNELS / "include" / "esnn_build.h").read_text())
    sizes = [pushed(piece) for path in KERNELS.rglob("*.[ch]") for piece in PIECE.split(path.read_text())]
    assert stack.ASM_BYTES == int(told[1]) == max(sizes)
    assert sum(size > 0 for size in sizes) >= 10  # they are found
