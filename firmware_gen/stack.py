"""Stack bound of a build, from the call graphs that gcc writes (``-fcallgraph-info=su``)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from edge_snn.errors import InputError

NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]*)"')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
BYTES = re.compile(r"(\d+) bytes \((static|dynamic|dynamic,bounded)\)")

# Functions of newlib and libgcc come without call graphs. Those linked here (memcpy, memset) use 0 to 24 bytes.
LIBRARY_BYTES = 64
# Inline assembler of the kernels pushes up to so many, which gcc does not see (esnn_build.h); it calls nothing.
ASM_BYTES = 72
# An exception pushes 8 words, and up to one more to align the stack.
EXCEPTION_BYTES = 36
# With vector registers in use it sets aside room for S0 to S15, FPSCR and VPR as well.
VECTOR_EXCEPTION_BYTES = 108


def read(folders: Iterable[Path]) -> tuple[dict[str, int], dict[str, set[str]]]:
    """Stack of each function and whom it calls, from all ``.ci`` files below ``folders``."""
    used: dict[str, int] = {}
    calls: dict[str, set[str]] = {}
    for path in sorted(path for folder in folders for path in folder.rglob("*.ci")):
        text = path.read_text(encoding="utf-8", errors="replace")
        for title, label in NODE.findall(text):
            found = BYTES.search(label)
            if found:
                if found.group(2) == "dynamic":
                    raise InputError("has a stack frame without bound", where=title)
                used[title] = int(found.group(1))
        for source, target in EDGE.findall(text):
            calls.setdefault(source, set()).add(target)
    return used, calls


def bound(
    folders: Iterable[Path],
    entry: str = "Reset_Handler",
    handlers: tuple[str, ...] = ("SysTick_Handler",),
    exception_bytes: int = EXCEPTION_BYTES,
) -> int:
    """Bytes of stack from ``entry`` along the deepest chain of calls, inline assembler and an interrupt on top of it.

    ``exception_bytes`` is what the core itself pushes for an interrupt.

    Raises:
        InputError: a recursion, an indirect call, or no call graph.
    """
    folders = tuple(folders)
    used, calls = read(folders)
    if entry not in used:
        raise InputError(f"no call graph of {entry}: was it built with -fcallgraph-info=su?", where=str(folders[0]))
    known: dict[str, int] = {}

    def depth(name: str, path: tuple[str, ...]) -> int:
        if name in path:
            raise InputError("calls itself, so its stack has no bound", where=name)
        if name == "__indirect_call":
            raise InputError("calls through a pointer, so its stack has no bound", where=path[-1])
        if name not in known:
            own = used.get(name, LIBRARY_BYTES)
            known[name] = own + max((depth(callee, (*path, name)) for callee in calls.get(name, ())), default=0)
        return known[name]

    interrupts = [exception_bytes + depth(name, ()) for name in handlers if name in used]
    return depth(entry, ()) + ASM_BYTES + max(interrupts, default=0)
