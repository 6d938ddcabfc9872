"""Checks a ``.tflite`` flatbuffer before anything reads it: every offset, vtable and vector length.

The accessors of the PyPI package ``tflite`` trust the file: a damaged offset reads rubbish, a damaged length
loops for ever. This walks the parts of the schema this project reads and proves that they lie inside the
file. Slots are those of TensorFlow Lite's ``schema.fbs``, version 3.
"""

from __future__ import annotations

import struct

TABLE, TABLES, STRING, BYTES, INTS, LONGS = "table", "tables", "string", "bytes", "ints", "longs"
ITEM_BYTES = {STRING: 1, BYTES: 1, INTS: 4, LONGS: 8}

# Table -> {slot: (what is there, table it leads to)}. Scalars need no entry.
SCHEMA: dict[str, dict[int, tuple[str, str]]] = {
    "model": {1: (TABLES, "operator code"), 2: (TABLES, "subgraph"), 3: (STRING, ""), 4: (TABLES, "buffer")},
    "operator code": {1: (STRING, "")},
    "subgraph": {
        0: (TABLES, "tensor"),
        1: (INTS, ""),
        2: (INTS, ""),
        3: (TABLES, "operator"),
        4: (STRING, ""),
    },
    "tensor": {0: (INTS, ""), 3: (STRING, ""), 4: (TABLE, "quantization"), 7: (INTS, "")},
    "quantization": {2: (INTS, ""), 3: (LONGS, "")},
    "operator": {1: (INTS, ""), 2: (INTS, ""), 4: (TABLE, "options")},
    "options": {},
    "buffer": {0: (BYTES, "")},
}
MAX_TABLES = 400_000  # tables may be shared; this bounds the time of a file that points at one a million times


class Damaged(ValueError):
    """The file contradicts itself; the text says how."""


class _Walker:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.tables = 0

    def number(self, code: str, position: int) -> int:
        size = struct.calcsize(code)
        if not 0 <= position <= len(self.content) - size:
            raise Damaged("an offset points outside the file")
        return int(struct.unpack_from(code, self.content, position)[0])

    def follow(self, position: int) -> int:
        target = position + self.number("<I", position)
        if target == position or target > len(self.content) - 4:
            raise Damaged("an offset points outside the file")
        return target

    def vector(self, position: int, item: int, what: str) -> int:
        """Length of the vector at ``position``, whose items of ``item`` bytes must lie in the file."""
        count = self.number("<I", position)
        if count * item > len(self.content) - position - 4:
            raise Damaged(f"a list of {what}s claims {count} entries, more than the file holds")
        return count

    def table(self, position: int, kind: str) -> None:
        self.tables += 1
        if self.tables > MAX_TABLES:
            raise Damaged(f"it claims more than {MAX_TABLES} tables")
        vtable = position - self.number("<i", position)
        vtable_size, table_size = self.number("<H", vtable), self.number("<H", vtable + 2)
        if vtable_size < 4 or vtable_size % 2 or vtable + vtable_size > len(self.content):
            raise Damaged(f"the field list of a {kind} is broken")
        if table_size < 4 or position + table_size > len(self.content):
            raise Damaged(f"a {kind} reaches over the end of the file")
        slots = struct.unpack_from(f"<{(vtable_size - 4) // 2}H", self.content, vtable + 4)
        for slot, field in enumerate(slots):
            if field == 0:
                continue
            if field < 4 or field >= table_size:
                raise Damaged(f"a field of a {kind} lies outside of it")
            if slot in SCHEMA[kind]:
                self.field(position + field, *SCHEMA[kind][slot])

    def field(self, position: int, what: str, leads_to: str) -> None:
        target = self.follow(position)
        if what == TABLE:
            self.table(target, leads_to)
        elif what == TABLES:
            for index in range(self.vector(target, 4, leads_to)):
                self.table(self.follow(target + 4 + 4 * index), leads_to)
        else:
            self.vector(target, ITEM_BYTES[what], "byte" if ITEM_BYTES[what] == 1 else "number")


def check(content: bytes) -> None:
    """Raises :class:`Damaged` unless all tables, vectors and strings of the file lie inside it."""
    walker = _Walker(content)
    walker.table(walker.follow(0), "model")
