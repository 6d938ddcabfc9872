"""Stack bound of a build, from the call graphs that gcc writes (``-fcallgraph-info=su``).

What is not known is an error: a function without a call graph is one of :data:`LIBRARY`, or one of an assembler file
that declares what it pushes, or the bound is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_snn.errors import InputError

NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]*)"')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
BYTES = re.compile(r"(\d+) bytes \((static|dynamic|dynamic,bounded)\)")
AGAIN = "delete this folder and build again"
PUSHED = re.compile(r"^ESNN_ASM_STACK\((\d+)\)", re.MULTILINE)

# Functions of newlib and libgcc, which come without call graphs, and the bytes that they and what they call push: the
# most of all cores (tests/firmware/test_stack.py follows their code).
LIBRARY = {
    "memcpy": 20,
    "memmove": 20,
    "memset": 20,
    "memcmp": 16,
    "__clzsi2": 0,
    # Division, which a proof of "no multiply" refuses later, and in its own words.
    "__aeabi_uidiv": 8,
    "__aeabi_idiv": 8,
    "__aeabi_uidivmod": 8,
    "__aeabi_idivmod": 8,
}
# An exception pushes 8 words, and up to one more to align the stack.
EXCEPTION_BYTES = 36
# With vector registers in use it sets aside room for S0 to S15, FPSCR and VPR as well.
VECTOR_EXCEPTION_BYTES = 108


@dataclass
class CallGraph:
    """Bytes of stack of each function, those that its assembler text pushes among them, and whom it calls."""

    used: dict[str, int] = field(default_factory=dict)
    pushed: dict[str, int] = field(default_factory=dict)
    calls: dict[str, set[str]] = field(default_factory=dict)


def declared(sources: Path) -> dict[str, int]:
    """Bytes that assembler text pushes, by file name, from ``ESNN_ASM_STACK(bytes)`` in the sources below a folder.

    The compiler does not read assembler text: what inline assembler in a ``.c`` file pushes is added to each of its
    functions, or what they call is, if that is more: assembler text calls nothing. A ``.S`` file is one function,
    named as the file, that calls nothing.
    """
    found = {}
    for path in [*sources.rglob("*.c"), *sources.rglob("*.S")]:
        said = PUSHED.findall(path.read_text(encoding="utf-8"))
        if said:
            found[path.name] = max(map(int, said))
        elif path.suffix == ".S":
            raise InputError("does not say what it pushes: ESNN_ASM_STACK(bytes) is missing", where=str(path))
    return found


def read(folders: Iterable[Path], pushed: Mapping[str, int] | None = None) -> CallGraph:
    """The call graph in all ``.ci`` files below ``folders``.

    Args:
        pushed: by assembler text, as :func:`declared`.

    Raises:
        InputError: an object file without its ``.ci``, a damaged one, or a stack frame without bound.
    """
    graph = CallGraph()
    pushed = pushed or {}
    for folder in folders:
        for path in sorted([*folder.rglob("*.c.o"), *folder.rglob("*.c.obj")]):
            if not path.with_suffix(".ci").exists():
                raise InputError("has no call graph beside it, so its stack has no bound", where=str(path), hint=AGAIN)
        for path in sorted(folder.rglob("*.ci")):
            _read_file(path, graph, pushed.get(path.name[: -len(".ci")], 0))
    for name, own in pushed.items():
        if name.endswith(".S"):
            graph.used[name[: -len(".S")]] = own
    return graph


def _read_file(path: Path, graph: CallGraph, more: int) -> None:
    text = path.read_text(encoding="utf-8", errors="replace")
    if text.split("\n")[-2:] != ["}", ""]:
        raise InputError("is a damaged call graph", where=str(path), hint=AGAIN)
    for title, label in NODE.findall(text):
        found = BYTES.search(label)
        if found:
            if found.group(2) == "dynamic":
                raise InputError("has a stack frame without bound", where=title)
            # A weak function and the one that replaces it have one name: whichever is larger.
            own = int(found.group(1)) + more
            if own > graph.used.get(title, -1):
                graph.used[title], graph.pushed[title] = own, more
    for source, target in EDGE.findall(text):
        graph.calls.setdefault(source, set()).add(target)


def bound(
    folders: Iterable[Path],
    entry: str = "Reset_Handler",
    handlers: tuple[str, ...] = ("SysTick_Handler",),
    exception_bytes: int = EXCEPTION_BYTES,
    pushed: Mapping[str, int] | None = None,
) -> int:
    """Bytes of stack from ``entry`` along the deepest chain of calls, an interrupt on top of it included.

    Args:
        handlers: of interrupts, of which one at a time runs; one that is only there by default, as a weak function,
            halts, and does not count.
        exception_bytes: what the core itself pushes for an interrupt.
        pushed: by assembler text, as :func:`declared`.

    Raises:
        InputError: a recursion, an indirect call, no call graph, or a function whose stack is not known.
    """
    folders = tuple(folders)
    graph = read(folders, pushed)
    used, calls = graph.used, graph.calls
    # gcc names what is weak as if it were local to its file: the handler of a board that asks for no interrupt.
    unasked = [name for name in handlers if name not in used and any(title.endswith(f":{name}") for title in used)]
    handlers = tuple(name for name in handlers if name not in unasked)
    for name in (entry, *handlers):
        if name not in used:
            raise InputError(
                f"no call graph of {name}: was it built with -fcallgraph-info=su?", where=str(folders[0]), hint=AGAIN
            )
    known: dict[str, int] = {}

    def depth(name: str, path: tuple[str, ...]) -> int:
        if name in path:
            raise InputError("calls itself, so its stack has no bound", where=name)
        if name == "__indirect_call":
            raise InputError("calls through a pointer, so its stack has no bound", where=path[-1])
        if name not in known:
            own = used.get(name, LIBRARY.get(name))
            if own is None:
                raise InputError(
                    f"calls {name}, of which there is no call graph, so its stack has no bound", where=path[-1]
                )
            below = max((depth(callee, (*path, name)) for callee in calls.get(name, ())), default=0)
            pushed_here = graph.pushed.get(name, 0)
            known[name] = own - pushed_here + max(pushed_here, below)
        return known[name]

    return depth(entry, ()) + max((exception_bytes + depth(name, ()) for name in handlers), default=0)
