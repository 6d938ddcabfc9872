"""What CMSIS-NN costs on whole int8 networks, measured by the instrument that measures ours: measured.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("measured.json")


@dataclass(frozen=True)
class Network:
    """One network by CMSIS-NN; what was not measured is None, or not there.

    Attributes:
        title: for people.
        data: name of its data set.
        macs: dense multiply-accumulates of one inference.
        instructions: executed ones of a whole inference, by core ("M4").
        modelled_cycles: the same by core; None where Arm publishes no table.
        accuracy: top-1, on ``test_images`` images.
        flash_bytes, ram_bytes: on an M4; ``ram_note`` says what is not in them.
    """

    title: str
    data: str
    macs: int
    instructions: Mapping[str, int]
    modelled_cycles: Mapping[str, int | None]
    accuracy: float | None = None
    test_images: int = 0
    flash_bytes: int | None = None
    ram_bytes: int | None = None
    ram_note: str = ""


@cache
def document() -> dict[str, Any]:
    """The file: name, commit, compiler, method and networks."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@cache
def networks() -> dict[str, Network]:
    """All measured networks by name."""
    return {name: Network(**{"modelled_cycles": {}, **row}) for name, row in document()["networks"].items()}


def rival_of(data: str) -> Network | None:
    """The measured network for a data set at full accuracy, the first of it in the file; None if none was measured."""
    return next((network for network in networks().values() if network.data == data), None)
