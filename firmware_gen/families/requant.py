"""C of requantisation: the code of a sum by shifts and additions (edge_snn.plan.requant)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.plan.requant import Requantiser

CODES = 256
INT32_MAX = int(np.iinfo(np.int32).max)
COMPARED = 8  # steps that are compared one by one; more are searched in a table


def requantise(item: Requantiser) -> list[str]:
    """C statements that make ``y`` the code of the sum ``x``, both int32_t."""
    if item.constant is not None:
        return [f"y = {item.constant};"]
    if item.steps:
        return _steps(item)
    if int(item.run(np.zeros(1, np.int64))[0]) == item.low:  # behind a ReLU many sums are below 0
        return [f"y = {item.low};", "if (x > 0) {", *_digits(replace(item, bend=0)), "}"]
    return _digits(item)


def _digits(item: Requantiser) -> list[str]:
    lines = [f"x = ESNN_LIFT(x, {item.lift});", "ESNN_HIDE(x);"] if item.lift else []
    (_, sign), *rest = item.terms
    lines.append("y = x;" if sign > 0 else "y = -x;")
    for shift, sign in rest:
        lines += [f"y = (y >> {shift}) {'+' if sign > 0 else '-'} x;", "ESNN_HIDE(y);"]
    if item.bend == 1:
        lines.append("y += x >> 31;")
    elif item.bend:
        lines.append(f"y += (x >> 31) & -{item.bend};")
    if item.offset:
        lines.append(f"y += {item.offset};")
    lines.append(f"y = ESNN_CODE(y, {item.shift}, {item.low}, {item.high});")
    return lines


def _steps(item: Requantiser) -> list[str]:
    if len(item.steps) <= COMPARED:
        return [f"y = {item.low};", *(f"y += x >= {step};" for step in item.steps)]
    numbers = [*item.steps, *[INT32_MAX] * (CODES - 1 - len(item.steps))]
    table = ", ".join(map(str, numbers))
    return [f"static const int32_t steps[{CODES - 1}] = {{{table}}};", f"y = {item.low} + esnn_steps_up_to(steps, x);"]
