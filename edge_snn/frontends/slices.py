"""Which time step a slicing operator takes."""

from __future__ import annotations

import numpy as np

from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.walk import Walk


def step_of(walk: Walk, operator: Operator) -> int:
    """The one index along axis 0 that STRIDED_SLICE, SLICE or GATHER takes; all other axes must stay whole."""
    shape = walk.shape(operator.inputs[0])
    rank = len(shape)
    if operator.kind == "GATHER":
        indices = walk.numbers(operator, 1, 1)
        if operator.options["axis"] not in (0, -rank) or operator.options["batch_dims"] != 0:
            raise walk.refusal(operator, "takes a tensor apart along another axis than time")
        begin, end, whole = indices[0], indices[0] + 1, True
    elif operator.kind == "SLICE":
        begins, sizes = walk.numbers(operator, 1, rank), walk.numbers(operator, 2, rank)
        begin, end = begins[0], begins[0] + sizes[0]
        whole = all(begins[i] == 0 and sizes[i] in (-1, shape[i]) for i in range(1, rank))
    else:
        begin, end, whole = _strided(walk, operator, shape)
    begin += shape[0] if begin < 0 else 0
    end += shape[0] if end <= 0 else 0
    if not whole or end != begin + 1 or not 0 <= begin < shape[0]:
        raise walk.refusal(operator, "takes something else than one time step")
    return begin


def is_view(walk: Walk, operator: Operator) -> bool:
    """Whether a STRIDED_SLICE takes everything, as ``x[None]`` and ``x[:]`` do."""
    elements = [int(np.prod(walk.shape(tensor))) for tensor in (operator.inputs[0], operator.outputs[0])]
    # Of as many elements as there are only steps of -1 would make another order.
    return elements[0] == elements[1] and all(step == 1 for step in walk.numbers(operator, 3))


def _strided(walk: Walk, operator: Operator, shape: tuple[int, ...]) -> tuple[int, int, bool]:
    masks = operator.options
    begins, ends, steps = (walk.numbers(operator, position) for position in (1, 2, 3))
    fits = 1 <= len(begins) == len(ends) == len(steps) <= len(shape)
    if not fits or masks["ellipsis"] or masks["new_axis"] or masks["shrink"] & ~1 or any(step != 1 for step in steps):
        raise walk.refusal(operator, "takes something else than one time step")

    def first(axis: int) -> int:
        return 0 if masks["begin"] >> axis & 1 else begins[axis]

    def last(axis: int) -> int:
        return shape[axis] if masks["end"] >> axis & 1 else ends[axis]

    whole = all(first(axis) == 0 and last(axis) >= shape[axis] for axis in range(1, len(begins)))
    if masks["shrink"] & 1:
        return begins[0], begins[0] + 1, whole
    return first(0), last(0), whole
