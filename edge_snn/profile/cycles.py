"""Modelled cycles of executed code, by the cost tables in cycles.json; its ``rules`` say what each number means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from edge_snn.profile.classes import classify, registers
from edge_snn.profile.rival import short
from firmware_gen.verify.allowed import split
from firmware_gen.verify.decode import Instruction
from firmware_gen.verify.flow import Kind, flow

FILE = Path(__file__).with_name("cycles.json")
ADDRESS = re.compile(r"\[([^\]]*)\](!|, *#)?")
REGISTER = re.compile(r"\b(r\d+|sb|sl|fp|ip|sp|lr|pc)\b")


@dataclass(frozen=True)
class CycleModel:
    """Costs of a core.

    Attributes:
        kind, source: where they come from, for people.
        costs: by the names of the rules; None where no estimate is made.
    """

    kind: str
    source: str
    costs: Mapping[str, float | None] | None


@cache
def _table() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document


def rules() -> tuple[str, ...]:
    """What the numbers of a cost table mean."""
    return tuple(_table()["rules"])


def cycle_model(core: str) -> CycleModel:
    """The model of a core ("Cortex-M4" or "M4")."""
    cores = _table()["cores"]
    entry = cores.get(short(core))
    if entry is None:
        return CycleModel("none", "no cost table for this core", None)
    costs = cores[entry["as"]]["costs"] if "as" in entry else entry.get("costs")
    return CycleModel(entry["kind"], entry["source"], costs)


def cost(costs: Mapping[str, float | None], item: Instruction, before: Instruction | None) -> float | None:
    """Cycles of one instruction, a branch as not taken, behind the one before it; None where there is no cost."""
    kind = classify(item)
    if kind in ("multiply", "divide", "float"):
        return costs[kind]
    if kind == "refused":
        return None
    base = split(item.mnemonic)[0]
    way = flow(item).kind
    if kind in ("load multiple", "store multiple") or (way is Kind.RETURN_STACK and base != "ldr"):
        return _number(costs, "multiple") + _number(costs, "each") * registers(item)
    if way is Kind.TABLE:
        return _number(costs, "table")
    if base.startswith("ldr") or kind in ("load", "store"):
        return _single(costs, item, before)
    return _number(costs, "branch" if way is not Kind.NEXT else "data")


def refill(costs: Mapping[str, float | None], item: Instruction) -> float:
    """Cycles more when an instruction leads elsewhere."""
    way = flow(item).kind
    if way is Kind.RETURN_STACK:
        return _number(costs, "return_refill")
    more = _number(costs, "call_more") if way in (Kind.CALL, Kind.INDIRECT_CALL) else 0.0
    return _number(costs, "refill") + more


def _number(costs: Mapping[str, float | None], name: str) -> float:
    value = costs[name]
    assert value is not None  # only multiply, divide and float may lack a cost
    return value


def _single(costs: Mapping[str, float | None], item: Instruction, before: Instruction | None) -> float:
    """A single load or store, with what it gains or loses behind the one before it."""
    inside, update = _address(item)
    by_register = len(REGISTER.findall(inside)) > 1
    is_store = split(item.mnemonic)[0].startswith("st")
    value = _number(costs, ("store_by_register" if by_register else "store") if is_store else "load")
    if before is None:
        return value
    made = _destination(before)
    uses = made is not None and made in REGISTER.findall(inside)
    if _plain_load(before):
        gains = not uses and not update and (by_register or not is_store)
        return value - _number(costs, "pipelined") if gains else value
    if uses and _is_data(before):
        return value + _number(costs, "interlock")
    return value


def _address(item: Instruction) -> tuple[str, bool]:
    """What stands in the brackets of a load or store, and whether it updates its base."""
    found = ADDRESS.search(item.operands)
    return (found.group(1), bool(found.group(2))) if found else ("", False)


def _plain_load(item: Instruction) -> bool:
    return classify(item) == "load" and not _address(item)[1]


def _is_data(item: Instruction) -> bool:
    return classify(item) in ("add, subtract", "logic", "move", "shift", "extend, bit field", "packed")


def _destination(item: Instruction) -> str | None:
    """The register a load or data instruction writes first."""
    found = REGISTER.match(item.operands)
    return found.group(1) if found else None


def block_cycles(
    costs: Mapping[str, float | None],
    items: Sequence[Instruction],
    before: Instruction | None,
    runs: tuple[int, int, int],
) -> float | None:
    """Cycles of all runs of a block of straight-line code.

    Args:
        before: the instruction at the address just before it, if any.
        runs: (count, taken, fallen): how often it ran, led elsewhere, was entered from ``before``.
    """
    count, taken, fallen = runs
    parts = [cost(costs, item, items[index - 1] if index else None) for index, item in enumerate(items)]
    if any(part is None for part in parts):
        return None
    total = count * sum(part for part in parts if part is not None)
    if before is not None:
        first = cost(costs, items[0], before)
        assert first is not None
        assert parts[0] is not None
        total += fallen * (first - parts[0])
    return total + (taken * refill(costs, items[-1]) if flow(items[-1]).kind is not Kind.NEXT else 0.0)
