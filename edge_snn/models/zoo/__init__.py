"""Trained models that ship with the package: NAME.tflite, NAME.esnn and NAME.card.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge_snn.errors import InputError

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Names of the shipped models."""
    return tuple(sorted(path.name[: -len(".card.json")] for path in FOLDER.glob("*.card.json")))


def resolve(name_or_path: str, suffix: str) -> Path:
    """Path of a shipped model's file of the given suffix, or the path itself.

    Raises:
        InputError: neither a file nor a shipped model.
    """
    path = Path(name_or_path)
    if path.exists() or path.suffix:
        return path
    if name_or_path in names():
        return FOLDER / f"{name_or_path}{suffix}"
    known = ", ".join(names()) or "none"
    raise InputError("no such file, and no shipped model of that name", where=name_or_path, hint=f"shipped: {known}")


def card(name: str) -> dict[str, Any]:
    """The card of a shipped model: data, recipe, seed, accuracies, rates."""
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.card.json").read_text(encoding="utf-8"))
    return document
