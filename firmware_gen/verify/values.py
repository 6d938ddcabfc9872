"""What registers and words of a stack frame may hold: constants, addresses in the frame, where the caller goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union

WORD = 0xFFFFFFFF
MOST = 4  # different values that are kept apart
# A constant; an address in the frame, counted from where sp stood when the function was called; or one of these texts.
Value = Union[int, "tuple[str, int]", str]
UNKNOWN, RETURN, ANY, OTHER_STACK = "?", "return", "*", "stack"
NOTHING_KNOWN: frozenset[Value] = frozenset({UNKNOWN})
RETURN_ADDRESS: frozenset[Value] = frozenset({RETURN})
TOO_MANY: frozenset[Value] = frozenset({ANY})
SP, LR, PC = 13, 14, 15
KEPT: dict[int, frozenset[Value]] = {index: frozenset({f"r{index} of the caller"}) for index in range(4, 12)}
NAMES = {f"r{index}": index for index in range(16)}
NAMES.update({"sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": SP, "lr": LR, "pc": PC})


def constant(number: int) -> frozenset[Value]:
    return frozenset({number & WORD})


def in_frame(offset: int) -> frozenset[Value]:
    return frozenset({("frame", offset)})


def either(one: frozenset[Value], other: frozenset[Value]) -> frozenset[Value]:
    """What two ways bring together; where that is too much, nothing is known any more, for good."""
    if one == other:
        return one
    found = one | other
    return TOO_MANY if ANY in found or len(found) > MOST else found


def plus(one: frozenset[Value], other: frozenset[Value], sign: int = 1) -> frozenset[Value]:
    """Sums (or, with ``sign`` -1, differences) of constants, and of constants and addresses in the frame."""
    if ANY in one or ANY in other:
        return TOO_MANY
    found: set[Value] = set()
    for first in one:
        for second in other:
            if isinstance(first, int) and isinstance(second, int):
                found.add((first + sign * second) & WORD)
            elif isinstance(first, tuple) and isinstance(second, int):
                found.add((first[0], first[1] + sign * signed(second)))
            elif isinstance(first, int) and isinstance(second, tuple) and sign > 0:
                found.add((second[0], second[1] + signed(first)))
            else:
                found.add(OTHER_STACK if OTHER_STACK in (first, second) else UNKNOWN)
    return TOO_MANY if len(found) > MOST else frozenset(found)


def signed(number: int) -> int:
    return number - (1 << 32) if number & 0x80000000 else number


def aligned(values: frozenset[Value], bits: int) -> frozenset[Value]:
    """Values with their lowest bits cleared; a function finds sp at a multiple of 8 (AAPCS32)."""
    found: set[Value] = set()
    for value in values:
        if isinstance(value, int):
            found.add(value >> bits << bits)
        elif isinstance(value, tuple) and bits <= 8:
            found.update((value[0], (value[1] + start >> bits << bits) - start) for start in range(0, 1 << bits, 8))
        else:
            found.add(UNKNOWN)
    return TOO_MANY if ANY in values or len(found) > MOST else frozenset(found)


@dataclass
class Frame:
    """Registers r0 .. lr and the words on the stack, by their offset; a word that is not named may hold anything."""

    registers: list[frozenset[Value]] = field(default_factory=lambda: [NOTHING_KNOWN] * 16)
    words: dict[int, frozenset[Value]] = field(default_factory=dict)

    @classmethod
    def called(cls, arguments: list[frozenset[Value]] | None = None) -> Frame:
        """As a function finds it; of what its caller hands over only constants mean anything in its own frame."""
        frame = cls()
        for index, values in enumerate(arguments or []):
            frame.registers[index] = frozenset(item if isinstance(item, int) else UNKNOWN for item in values)
        for index, values in KEPT.items():
            frame.registers[index] = values
        frame.registers[SP] = in_frame(0)
        frame.registers[LR] = RETURN_ADDRESS
        return frame

    def copy(self) -> Frame:
        return Frame(list(self.registers), dict(self.words))

    def join(self, other: Frame) -> bool:
        """Takes in what another way brings; whether that changed anything."""
        changed = False
        for index, values in enumerate(other.registers):
            if values is not self.registers[index] and values != self.registers[index]:
                found = either(self.registers[index], values)
                changed |= found != self.registers[index]
                self.registers[index] = found
        for offset in [offset for offset in self.words if offset not in other.words]:
            del self.words[offset]
            changed = True
        for offset, values in self.words.items():
            found = either(values, other.words[offset])
            changed |= found != values
            self.words[offset] = found
        return changed

    @property
    def has_stack(self) -> bool:
        """Whether sp stands in the function's own frame, if not at one known place (code that aligns it further)."""
        return all(isinstance(value, tuple) for value in self.registers[SP])

    @property
    def depth(self) -> int | None:
        """Where sp stands, if that is one known place in the frame."""
        if len(self.registers[SP]) != 1:
            return None
        (value,) = self.registers[SP]
        return value[1] if isinstance(value, tuple) else None

    def move_stack(self, values: frozenset[Value]) -> None:
        """Sets sp; what lies below it then belongs to whoever interrupts."""
        self.registers[SP] = values
        places = [value[1] for value in values if isinstance(value, tuple)]
        if len(places) != len(values):
            self.words.clear()
        elif self.words and min(self.words) < max(places):
            self.words = {offset: held for offset, held in self.words.items() if offset >= max(places)}

    def store(self, places: frozenset[Value], size: int, held: list[frozenset[Value]], by_stack: bool) -> None:
        """Writes words (``held``) or, where there are none, ``size`` bytes of anything.

        A register that may hold several places is a pointer on its way through an array: it is taken to stay within.
        """
        for place in places if len(places) == 1 or by_stack else ():
            if not isinstance(place, tuple):
                continue
            offset = place[1]
            for near in range(offset - 3, offset + size):
                if near in self.words and ((near - offset) % 4 or not held):
                    del self.words[near]
            for number, values in enumerate(held):
                at = offset + 4 * number
                if len(places) == 1:
                    self.words[at] = values
                elif at in self.words:
                    self.words[at] = either(self.words[at], values)

    def load(self, places: frozenset[Value], number: int = 0) -> frozenset[Value]:
        """The word ``number`` words behind a place in the frame."""
        if len(places) != 1:
            return NOTHING_KNOWN
        (place,) = places
        return self.words.get(place[1] + 4 * number, NOTHING_KNOWN) if isinstance(place, tuple) else NOTHING_KNOWN
