"""Which kernels a generated model needs, by core: read off the C sources, without a compiler.

A kernel is a file named as its function. What a file calls stands in its text, in static inline functions and macros
of the headers that it includes, as the preprocessor leaves them for a core: which form of each kernel that is,
esnn_forms.h says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

KERNELS = Path(__file__).parent / "kernels"
FORMS = KERNELS / "include" / "esnn_forms.h"

_M = {"__arm__": 1, "__GNUC__": 4}
_V7M = {**_M, "__ARM_ARCH": 7, "__thumb2__": 1, "__ARM_FEATURE_CLZ": 1, "__ARM_FEATURE_UNALIGNED": 1}
_V8M = {**_V7M, "__ARM_ARCH": 8, "__ARM_FEATURE_SIMD32": 1}
_PACKED = {"ESNN_PACKED_ROWS": 1}

# What the compiler of a core defines, as far as esnn_forms.h and the kernels look at it.
CORES: dict[str, dict[str, int]] = {
    "host": {"__GNUC__": 4},
    "cortex-m0": {**_M, "__ARM_ARCH": 6, "__ARM_ARCH_6M__": 1},
    "cortex-m0-packed": {**_M, "__ARM_ARCH": 6, "__ARM_ARCH_6M__": 1, **_PACKED},
    "cortex-m3": _V7M,
    "cortex-m3-packed": {**_V7M, **_PACKED},
    "cortex-m4": {**_V7M, "__ARM_FEATURE_SIMD32": 1},
    "cortex-m7": {**_V7M, "__ARM_FEATURE_SIMD32": 1},
    "cortex-m33": _V8M,
    "cortex-m55": {**_V8M, "__ARM_FEATURE_MVE": 1},
}
VECTORS = ("host", "cortex-m55")  # cores that take a model planned with vectors; the others, and the host, one without

_COMMENTS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"', re.S)
_NAME = re.compile(r"[A-Za-z_]\w*")
_TOKEN = re.compile(r"\s*(defined\b|[A-Za-z_]\w*|\d+|&&|\|\||[<>=!]=|[()!<>])")
_DIRECTIVE = re.compile(r"\s*#\s*(\w+)\s*(.*)", re.S)


class _Condition:
    """The value of an ``#if`` line; names that are no macros are 0."""

    def __init__(self, text: str, macros: Mapping[str, str]) -> None:
        self.macros = macros
        self.tokens = [*_TOKEN.findall(re.sub(r"(\d)[uUlL]+", r"\1", text)), ""]
        self.place = 0

    def _next(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def either(self) -> int:
        """a || b."""
        value = self._both()
        while self.tokens[self.place] == "||":
            self.place += 1
            value = self._both() or value
        return value

    def _both(self) -> int:
        value = self._compared()
        while self.tokens[self.place] == "&&":
            self.place += 1
            value = self._compared() and value
        return value

    def _compared(self) -> int:
        value = self._one()
        compare = {"==": int.__eq__, "!=": int.__ne__, ">=": int.__ge__, "<=": int.__le__}
        compare |= {">": int.__gt__, "<": int.__lt__}
        while self.tokens[self.place] in compare:
            value = int(compare[self._next()](value, self._one()))
        return value

    def _one(self) -> int:
        token = self._next()
        if token == "!":
            return int(not self._one())
        if token == "(":
            value = self.either()
            self.place += 1
            return value
        if token == "defined":
            name = self._next()
            if name == "(":
                name, _ = self._next(), self._next()
            return int(name in self.macros)
        if token.isdigit():
            return int(token)
        return _Condition(self.macros[token], self.macros).either() if self.macros.get(token) else 0


@dataclass(frozen=True)
class Source:
    """One C file as a core sees it.

    Attributes:
        includes: names of the headers it includes itself.
        macros: its macros, name to text.
        inline: its functions, name to text: in a header those that are static inline.
        text: all of it that is no directive.
    """

    includes: tuple[str, ...]
    macros: dict[str, str]
    inline: dict[str, str]
    text: str


def _lines(text: str) -> list[str]:
    text = _COMMENTS.sub(lambda found: found[0] if found[0].startswith('"') else " ", text)
    return text.replace("\\\n", " ").split("\n")


def read(text: str, given: Mapping[str, str]) -> Source:
    """What is left of ``text`` where those macros are defined."""
    macros: dict[str, str] = {}
    seen = dict(given)
    includes, left = [], []
    open_: list[list[bool]] = []  # of each #if: whether this branch is taken, and whether any was
    for line in _lines(text):
        found = _DIRECTIVE.fullmatch(line)
        taken = all(branch[0] for branch in open_)
        if found is None:
            left.append(line if taken else "")
            continue
        kind, rest = found[1], found[2].strip()
        if kind in ("if", "ifdef", "ifndef"):
            value = bool(_Condition(rest, seen).either()) if kind == "if" else (rest in seen) == (kind == "ifdef")
            open_.append([value, value])
        elif kind in ("elif", "else"):
            value = not open_[-1][1] and (kind == "else" or bool(_Condition(rest, seen).either()))
            open_[-1] = [value, open_[-1][1] or value]
        elif kind == "endif":
            open_.pop()
        elif taken and kind == "define":
            name, body = re.match(r"(\w+)(.*)", rest, re.S).groups()  # type: ignore[union-attr]
            macros[name] = seen[name] = body.strip()
        elif taken and kind == "include" and rest.startswith('"'):
            includes.append(rest.strip('"'))
    active = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', "\n".join(left))
    return Source(tuple(includes), macros, _functions(active), active)


def _functions(text: str) -> dict[str, str]:
    """Functions that are defined in preprocessed text: name to text."""
    found: dict[str, str] = {}
    depth, start, head = 0, 0, ""
    for mark in re.finditer(r"[{};]", text):
        if mark[0] == "{":
            if depth == 0:
                head = re.sub(r"__attribute__\s*\(\(.*?\)\)", " ", text[start : mark.start()], flags=re.S)
            depth += 1
        elif mark[0] == "}":
            depth -= 1
        if depth == 0:
            name = re.search(r"(\w+)\s*\(", head)
            if mark[0] == "}" and name is not None and head.rstrip().endswith(")"):
                body = text[start : mark.end()]
                found[name[1]] = found.get(name[1], "") + body
                head = ""
            if mark[0] == ";" or not head:
                start = mark.end()
    return found


@cache
def _macros(core: str) -> tuple[tuple[str, str], ...]:
    given = {name: str(value) for name, value in CORES[core].items()}
    return tuple({**given, **read(FORMS.read_text(encoding="utf-8"), given).macros}.items())


@cache
def _sources(core: str) -> dict[str, Source]:
    """All files of the kernels, by name."""
    given = dict(_macros(core))
    files = [path for path in KERNELS.rglob("*.[ch]") if path != FORMS]
    made = {path.name: read(path.read_text(encoding="utf-8"), given) for path in sorted(files)}
    return {**made, FORMS.name: Source((), dict(given), {}, "")}


def _visible(source: Source, sources: Mapping[str, Source]) -> list[Source]:
    """The headers that a file sees."""
    names, left = set(), list(source.includes)
    while left:
        name = left.pop()
        if name not in names and name in sources:
            names.add(name)
            left += sources[name].includes
    return [sources[name] for name in sorted(names)]


def _called(source: Source, core: str, kernels: Iterable[str]) -> set[str]:
    """Kernels that a file refers to."""
    headers = _visible(source, _sources(core))
    texts: dict[str, list[str]] = {}
    for part in (source, *headers):
        for name, text in (*part.macros.items(), *(part.inline.items() if part is not source else ())):
            texts.setdefault(name, []).append(text)
    wanted = set(kernels)
    reached: set[str] = set()
    left = [source.text]
    while left:
        for name in set(_NAME.findall(left.pop())) - reached:
            reached.add(name)
            left += texts.get(name, [])
    macros = {name for part in (source, *headers) for name in part.macros}
    return reached & wanted - macros  # a macro of that name stands for another kernel


@cache
def _graph(core: str) -> dict[str, frozenset[str]]:
    """Kernels that each kernel refers to."""
    sources = _sources(core)
    kernels = {path.stem for path in (KERNELS / "src").rglob("*.c")}
    return {name: frozenset(_called(sources[f"{name}.c"], core, kernels) - {name}) for name in sorted(kernels)}


def references(model: str) -> Source:
    """What model.c refers to, on any core: it has no conditions, and includes every header that it uses."""
    text = _COMMENTS.sub(" ", model)
    includes = tuple(re.findall(r'^#include "(\w+\.h)"', model, re.M))
    return Source(
        includes, dict(re.findall(r"^#define (\w+) (\w+)$", text, re.M)), {}, " ".join({*_NAME.findall(text)})
    )


def needed(model: Source, core: str) -> tuple[str, ...]:
    """Files of the kernels that a model needs on a core.

    Args:
        model: :func:`references` of model.c.
        core: one of :data:`CORES`.

    Returns:
        Paths below kernels/src, sorted.

    Raises:
        KeyError: no such core.
    """
    graph = _graph(core)
    found: set[str] = set()
    left = _called(model, core, graph)
    while left:
        name = left.pop()
        found.add(name)
        left |= graph[name] - found
    places = {path.stem: path.relative_to(KERNELS / "src").as_posix() for path in (KERNELS / "src").rglob("*.c")}
    return tuple(sorted(places[name] for name in found))


def cores(vectors: bool) -> tuple[str, ...]:
    """Cores that a model planned with vectors, or without, is for."""
    return VECTORS if vectors else tuple(name for name in CORES if name != "cortex-m55")


def cmake(model: str, vectors: bool) -> str:
    """A CMake file with a list for each core: ``ESNN_KERNELS_cortex-m4``, paths below kernels/src."""
    source = references(model)
    lists = []
    for core in cores(vectors):
        files = "\n    ".join(needed(source, core))
        lists.append(f"set(ESNN_KERNELS_{core}\n    {files})\n")
    return "# The kernels that model.c needs, by core; written by edge-snn, do not edit.\n" + "\n".join(lists)
