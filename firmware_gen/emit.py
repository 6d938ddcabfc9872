"""Small helpers that print C: arrays, comments, initialisers. Names from models are data and go into comments only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Union

import numpy as np

Value = Union[int, str, "Struct", None]

C_TYPES = {"uint8": "uint8_t", "int8": "int8_t", "uint16": "uint16_t", "int16": "int16_t", "int32": "int32_t"}


class Struct:
    """An initialiser: field name to number, C expression or nested struct."""

    def __init__(self, fields: Mapping[str, Value]) -> None:
        self.fields = dict(fields)

    def render(self, indent: int = 4) -> str:
        """The initialiser in braces, one field a line."""
        pad = " " * indent
        lines = []
        for name, value in self.fields.items():
            text = value.render(indent + 4) if isinstance(value, Struct) else "NULL" if value is None else str(value)
            lines.append(f"{pad}.{name} = {text},")
        return "{\n" + "\n".join(lines) + "\n" + " " * (indent - 4) + "}"


def comment(text: str) -> str:
    """A C comment whose text cannot end it, continue a line or form a trigraph."""
    safe = "".join(char if " " <= char <= "~" and char not in "*/\\?" else "_" for char in text[:200])
    return f"/* {safe} */"


def c_string(text: str, limit: int) -> str:
    """A C string literal of at most ``limit`` characters; others than letters, digits and a few signs become _."""
    safe = "".join(char if char.isascii() and (char.isalnum() or char in " .-_+:()") else "_" for char in text)
    return f'"{safe[:limit]}"'


def array(name: str, values: np.ndarray, about: Sequence[str], per_line: int = 24) -> str:
    """A constant array, with comments above it."""
    flat = values.reshape(-1)
    rows = [", ".join(map(str, flat[i : i + per_line].tolist())) for i in range(0, len(flat), per_line)]
    head = "\n".join(comment(line) for line in about)
    body = ",\n    ".join(rows)
    return f"{head}\n_Alignas(4) static const {C_TYPES[values.dtype.name]} {name}[{len(flat)}] = {{\n    {body}}};\n"


def words(name: str, values: np.ndarray, about: Sequence[str], macro: str = "W", made: str = "ESNN_WORDS") -> str:
    """A constant array of words, each in a macro that makes ``made`` of it (esnn_chain.h), or in none."""
    flat = values.reshape(-1).tolist()
    rows = [", ".join(f"{macro}({value:#x})" for value in flat[i : i + 12]) for i in range(0, len(flat), 12)]
    head = "\n".join(comment(line) for line in about)
    body = ",\n    ".join(rows)
    size = f"{len(flat)} * {made}" if macro else f"{len(flat)}"
    return f"{head}\nstatic const uint32_t {name}[{size}] = {{\n    {body}}};\n"


def biases(name: str, values: np.ndarray, about: Sequence[str], macro: str = "ESNN_BIAS") -> str:
    """Biases of whole blocks as an array of that macro, of four each (esnn_chain.h)."""
    fours = [f"{macro}({a}, {b}, {c}, {d})" for a, b, c, d in values.reshape(-1, 4).tolist()]
    head = "\n".join(comment(line) for line in about)
    body = ",\n    ".join(", ".join(fours[i : i + 3]) for i in range(0, len(fours), 3))
    return f"{head}\nstatic const uint32_t {name}[{2 * len(fours)}] = {{\n    {body}}};\n"


def span_array(name: str, spans: Sequence[tuple[int, int]], stride: int) -> str:
    """An array of esnn_span_t: byte offset of the first window, and their number."""
    body = ", ".join(f"{{{first * stride}u, {count}u}}" for first, count in spans)
    return f"static const esnn_span_t {name}[{len(spans)}] = {{{body}}};\n"


def bit_rows(units: int) -> str:
    """Units from the row of a byte's first input to those of its inputs 0 to 7 and of the next byte (esnn_rows.h)."""
    return "{" + ", ".join(str(units * index) for index in range(9)) + "}"
