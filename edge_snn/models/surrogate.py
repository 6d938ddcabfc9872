"""Surrogate gradients: the spike is a step forward and a smooth ramp backward."""

from __future__ import annotations

from typing import Any

from keras import ops


def ramp(distance: Any) -> Any:
    """Integral of the triangle ``max(0, 1 - |d|)``, from -1/2 to 1/2: its gradient stands for the step's.

    Args:
        distance: membrane minus threshold, any shape.
    """
    near = ops.clip(distance, -1.0, 1.0)
    return near - 0.5 * near * ops.abs(near)


def straight_through(hard: Any, soft: Any) -> Any:
    """The value of ``hard`` with the gradient of ``soft``."""
    return soft + ops.stop_gradient(hard - soft)
