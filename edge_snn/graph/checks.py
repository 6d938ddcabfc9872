"""Small checks that every node and tensor makes on itself.

Graphs come from files, so nothing is assumed about a field: each check raises
:class:`~edge_snn.errors.InputError` naming the node and the field.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_snn.errors import InputError

MAX_DIM = 65536
MAX_ELEMENTS = 1 << 28
MAX_NAME = 200
MAX_WINDOW = 16  # stride and padding of a window of spikes


def fail(where: str, reason: str, hint: str = "") -> InputError:
    """Returns (does not raise) the error for a broken field of node or tensor ``where``."""
    return InputError(reason, where=where, hint=hint)


def check_name(name: Any, what: str) -> None:
    """A name is 1 to 200 printable characters. It is data: never an identifier, never a path."""
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise fail(what, f"name must be 1 to 200 printable characters, not {str(name)[:40]!r}")


def check_int(where: str, field: str, value: Any, low: int, high: int) -> None:
    """``value`` is a plain int (not bool) in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise fail(where, f"{field} must be an integer from {low} to {high}, not {str(value)[:40]}")


def check_choice(where: str, field: str, value: Any, choices: Sequence[str]) -> None:
    """``value`` is one of ``choices``."""
    if value not in choices:
        raise fail(where, f"{field} must be one of {', '.join(choices)}, not {str(value)[:40]!r}")


def check_ints(where: str, field: str, value: Any, length: int | None, low: int, high: int) -> None:
    """``value`` is a tuple of ints in [low, high], of the given length where one is given."""
    if not isinstance(value, tuple) or (length is not None and len(value) != length):
        raise fail(where, f"{field} must be a list of {length if length is not None else ''} integers")
    for item in value:
        check_int(where, field, item, low, high)


def check_array(where: str, field: str, value: Any, dtypes: Sequence[str], ndim: int) -> None:
    """``value`` is a numpy array of one of ``dtypes``, ``ndim`` dimensions, not empty, all finite."""
    if not isinstance(value, np.ndarray) or value.dtype.name not in dtypes or value.ndim != ndim:
        got = f"{value.dtype.name}{list(value.shape)}" if isinstance(value, np.ndarray) else type(value).__name__
        raise fail(where, f"{field} must be a {ndim}-dimensional array of {' or '.join(dtypes)}, not {got}")
    if value.size == 0 or value.size > MAX_ELEMENTS:
        raise fail(where, f"{field} has {value.size} elements, allowed are 1 to {MAX_ELEMENTS}")
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise fail(where, f"{field} has values that are not finite")


def check_window(
    where: str, size: tuple[int, int], stride: Any, padding: Any, what: str, most: int = MAX_WINDOW
) -> None:
    """Stride (sy, sx) of 1 to ``most``, padding (top, left, bottom, right) up to it and below the window's ``size``."""
    check_ints(where, "stride", stride, 2, 1, most)
    check_ints(where, "padding", padding, 4, 0, most)
    top, left, bottom, right = padding
    if max(top, bottom) >= size[0] or max(left, right) >= size[1]:
        raise fail(where, f"padding must be smaller than the {what}")
