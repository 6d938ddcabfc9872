"""The stack bound: what is not known is refused, and what is taken as known is what the machine code does."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_snn.errors import InputError
from firmware_gen import boards, build, library, stack

CORES = ("cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55")
LINE = re.compile(r"^ +([0-9a-f]+):\t[0-9a-f ]+\t(\S+)(?:\t(.*))?$")
HEAD = re.compile(r"^[0-9a-f]+ <(.+)>:$")


def graph(*nodes, edges=()):
    lines = [f'node: {{ title: "{name}" label: "{name}\\na.c:1:1\\n{size} bytes (static)" }}' for name, size in nodes]
    lines += [f'edge: {{ sourcename: "{a}" targetname: "{b}" label: "a.c:1:1" }}' for a, b in edges]
    return "\n".join(['graph: { title: "a.c"', *lines, "}", ""])


MAIN = graph(("Reset_Handler", 8), ("SysTick_Handler", 4), edges=[("Reset_Handler", "esnn_a")])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "main.c.ci").write_text(MAIN)
    (tmp_path / "main.c.obj").write_text("")
    (tmp_path / "esnn_a.c.ci").write_text(graph(("esnn_a", 40), edges=[("esnn_a", "memcpy")]))
    return tmp_path


def test_the_deepest_chain_and_an_interrupt_on_top(folder):
    assert stack.bound([folder]) == 8 + 40 + stack.LIBRARY["memcpy"] + 4 + stack.EXCEPTION_BYTES


def test_a_function_without_a_call_graph_is_refused_by_name(folder):
    (folder / "esnn_a.c.ci").unlink()
    with pytest.raises(InputError, match=r"Reset_Handler: calls esnn_a, of which there is no call graph"):
        stack.bound([folder])
    (folder / "esnn_a.c.ci").write_text(graph(("esnn_a", 40), edges=[("esnn_a", "__udivdi3")]))
    with pytest.raises(InputError, match=r"esnn_a: calls __udivdi3, of which there is no call graph"):
        stack.bound([folder])


def test_a_handler_that_nothing_calls_is_missed_too(folder):
    (folder / "main.c.ci").write_text(graph(("Reset_Handler", 8)))
    with pytest.raises(InputError, match="no call graph of SysTick_Handler"):
        stack.bound([folder])
    (folder / "main.c.ci").unlink()
    with pytest.raises(InputError, match=r"main.c.obj: has no call graph beside it"):
        stack.bound([folder])


def test_an_interrupt_that_the_board_does_not_ask_for_takes_no_stack(folder):
    whole = stack.bound([folder])
    (folder / "main.c.ci").write_text(MAIN.replace("SysTick_Handler", "/src/main.c:SysTick_Handler"))
    assert stack.bound([folder]) == whole - stack.EXCEPTION_BYTES - 4


@pytest.mark.parametrize("keep", [0, 10, 60, len(MAIN) - 2, len(MAIN) - 4])
def test_a_call_graph_that_is_cut_off_is_refused(folder, keep):
    (folder / "main.c.ci").write_text(MAIN[:keep])
    with pytest.raises(InputError, match="is a damaged call graph"):
        stack.bound([folder])


def test_of_two_functions_with_one_name_the_larger_counts(folder):
    whole = stack.bound([folder])
    (folder / "z.c.ci").write_text(graph(("SysTick_Handler", 0)))
    (folder / "b.c.ci").write_text(graph(("SysTick_Handler", 12)))
    assert stack.bound([folder]) == whole + 8


def test_what_assembler_text_pushes_is_declared_in_its_file_and_counted(folder):
    whole = stack.bound([folder])
    sources = folder / "src"
    sources.mkdir()
    (sources / "esnn_a.c").write_text('#include "esnn_asm.h"\n\nESNN_ASM_STACK(24);\n')
    (sources / "esnn_b.S").write_text('#include "esnn_asm.h"\nESNN_ASM_STACK(100)\n')
    pushed = stack.declared(sources)
    assert pushed == {"esnn_a.c": 24, "esnn_b.S": 100}
    none = whole - stack.LIBRARY["memcpy"]  # which is called while nothing is pushed, and pushes less
    assert stack.bound([folder], pushed=pushed) == none + 24
    (folder / "esnn_a.c.ci").write_text(graph(("esnn_a", 40), edges=[("esnn_a", "esnn_b")]))
    assert stack.bound([folder], pushed=pushed) == none + 100
    (sources / "esnn_b.S").write_text("push {r4-r11, lr}\n")
    with pytest.raises(InputError, match=r"esnn_b.S: does not say what it pushes"):
        stack.declared(sources)


def pushes(objdump: str) -> dict[str, int]:
    """Bytes that each function has on the stack at most, along every way through its machine code."""
    functions: dict[str, dict[int, tuple[str, str]]] = {}
    lines: dict[int, tuple[str, str]] = {}
    for text in objdump.splitlines():
        head, line = HEAD.match(text), LINE.match(text)
        if head and not head.group(1).startswith("$"):
            lines = functions.setdefault(head.group(1), {})
        elif line:
            lines[int(line.group(1), 16)] = (line.group(2), (line.group(3) or "").split(";")[0].split("@")[0])
    return {name: _deepest(lines, min(lines)) for name, lines in functions.items() if lines}


def with_calls(objdump: str, symbols: str, name: str) -> int:
    """The same of one function of a program, with what it calls or goes on in; ``symbols`` is what nm says."""
    lines = {}
    for text in objdump.splitlines():
        line = LINE.match(text)
        if line:
            lines[int(line.group(1), 16)] = (line.group(2), (line.group(3) or "").split(";")[0])
    starts = {row.split()[2]: int(row.split()[0], 16) & ~1 for row in symbols.splitlines() if len(row.split()) == 3}

    def deepest(start: int) -> int:
        return _deepest(lines, start, deepest)

    return deepest(starts[name])


def _deepest(lines: dict[int, tuple[str, str]], start: int, called: Callable[[int], int] = lambda at: 0) -> int:
    places = sorted(lines)
    after = dict(zip(places, places[1:]))
    seen: dict[int, int] = {}
    work = [(start, 0)]
    most = 0
    while work:
        at, depth = work.pop()
        if at not in lines or seen.get(at, -1) >= depth:
            continue
        assert depth < 4096, "pushes in a loop"
        seen[at] = depth
        name, rest = lines[at]
        depth += _moved(name, rest)
        target = re.search(r"\b([0-9a-f]+) <", rest)
        most = max(most, depth + (called(int(target.group(1), 16)) if target and name == "bl" else 0))
        if target and name.startswith(("b", "cb", "le", "wls")) and name not in ("bl", "blx"):
            work.append((int(target.group(1), 16), depth))
        ends = name in ("b", "b.n", "b.w", "bx") or (name.startswith(("pop", "ldm", "ldr")) and "pc" in rest)
        if not ends and at in after:
            work.append((after[at], depth))
    return most


def _moved(name: str, rest: str) -> int:
    """Bytes that an instruction pushes (or, negative, pops)."""
    saved = re.match(r"(v?push|v?pop|stmdb|ldmia|v?stmdb|v?ldmia)(?:\.w)?", name)
    if saved and (saved.group(1).endswith(("push", "pop")) or rest.startswith("sp!")):
        size = 8 if "{d" in rest else 4
        count = 0
        for part in re.findall(r"[{,] *([a-z]+\d*)(?:-[a-z](\d+))?", rest[rest.index("{") :]):
            first = int(re.sub(r"\D", "", part[0]) or 0)
            count += int(part[1]) - first + 1 if part[1] else 1
        return size * count * (1 if "push" in name or "db" in name else -1)
    exact = re.match(r"sp(?:, sp)?, #(\d+)$", rest.strip())
    if exact and name.startswith(("sub", "add")):
        return int(exact.group(1)) * (1 if name.startswith("sub") else -1)
    stored = re.search(r"\[sp, #(-?\d+)\]!", rest)
    loaded = re.search(r"\[sp\], #(\d+)", rest)
    return -int(stored.group(1)) if stored else -int(loaded.group(1)) if loaded else 0


def dump(path: Path) -> str:
    command = ["arm-none-eabi-objdump", "-d", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("core", CORES)
def test_library_functions_push_what_the_table_says(core, tmp_path):
    source, elf = tmp_path / "a.c", tmp_path / "a.elf"
    names = ", ".join(stack.LIBRARY)
    externs = "".join(f"extern char {name}[];\n" for name in stack.LIBRARY)
    source.write_text(f"{externs}void *table[] = {{{names}}};\nint main(void) {{ return 0; }}\n")
    command = ["arm-none-eabi-gcc", f"-mcpu={core}", "-mthumb", "-O1", "-fno-builtin", "-nostartfiles"]
    command += ["--specs=nano.specs", "--specs=nosys.specs", "-Wl,-e,main", str(source), "-o", str(elf)]
    subprocess.run(command, capture_output=True, check=True)
    symbols = subprocess.run(["arm-none-eabi-nm", str(elf)], capture_output=True, text=True, check=True).stdout
    code = dump(elf)
    found = {name: with_calls(code, symbols, name) for name in stack.LIBRARY}
    assert {name: size for name, size in found.items() if size > stack.LIBRARY[name]} == {}


@pytest.mark.parametrize("name", ["mps2-an386", "microbit", "mps2-an385", "mps2-an505", "mps3-an547"])
def test_no_kernel_pushes_more_than_its_call_graph_and_its_source_say(name):
    board = boards.load(name)
    cmake = shutil.which("cmake")
    made = library.kernels(build.ROOT, board, "arm-none-eabi-gcc", cmake, (), Path("unused"))
    known = stack.read([made], stack.declared(build.ROOT / "kernels")).used
    plain = {title.rpartition(":")[2]: size for title, size in known.items()}
    found = pushes(dump(made / library.ARCHIVE))
    assert len(found) > 50
    assert {function: size for function, size in found.items() if size > plain[function]} == {}
