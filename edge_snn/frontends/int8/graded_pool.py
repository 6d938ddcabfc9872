"""MAX_POOL_2D, AVERAGE_POOL_2D and MEAN of int8."""

from __future__ import annotations

import math

import numpy as np

from edge_snn.frontends.int8 import tables
from edge_snn.frontends.int8.graded_conv import window
from edge_snn.frontends.int8.layout import reshaped
from edge_snn.frontends.int8.scales import Broken, clamp, mean_multiplier
from edge_snn.frontends.int8.walk import Edge, Walk
from edge_snn.frontends.tflite_file import Operator
from edge_snn.graph.graded import CODES
from edge_snn.graph.graded_pool import GradedPool, Mean
from edge_snn.graph.lookup import Lookup
from edge_snn.reference.graded import requantise

SCALE_TOLERANCE = 1e-6  # by which TFLite lets scales around a pool differ
POOLS = {"MAX_POOL_2D": "max", "AVERAGE_POOL_2D": "average"}


def pool(walk: Walk, operator: Operator) -> Edge:
    """MAX_POOL_2D and AVERAGE_POOL_2D."""
    x, made = walk.tensor(operator, 0), walk.made(operator)
    edge = walk.source(operator)
    walk.image(operator, x)
    source, target = walk.scale(x), walk.scale(made)
    if abs(float(source.scale - target.scale)) > SCALE_TOLERANCE or source.zero != target.zero:
        raise Broken("its input and output have different scales or zero points, which TFLite does not take")
    size = (int(operator.options["size_y"]), int(operator.options["size_x"]))
    if min(size) < 1:
        raise Broken(f"has a window of {size[0]} by {size[1]}")
    low, high = clamp(target, operator.options["activation"])
    node = GradedPool(
        walk.name("pool"),
        (edge.name,),
        target.zero,
        low,
        high,
        POOLS[operator.kind],
        size,
        **window(operator, walk.shape(edge), size, edge.padding),
    )
    return walk.emit(node, target.wide)


def mean(walk: Walk, operator: Operator) -> Edge:
    """MEAN over axes that lie side by side."""
    x, made = walk.tensor(operator, 0), walk.made(operator)
    edge = walk.source(operator)
    rank = len(x.shape)
    given = walk.numbers(operator, 1)
    if not given or not all(-rank <= axis < rank for axis in given):
        raise Broken(f"is over axes {given} of {list(x.shape)}")
    axes = {axis % rank for axis in given}
    count = math.prod(x.shape[axis] for axis in axes)
    source, target = walk.scale(x), walk.scale(made)
    multiplier, shift = mean_multiplier(source.wide / target.wide, count)
    if count == 1:  # another scale, if that
        table = tables.codes(target.zero + requantise(tables.ALL - source.zero, multiplier, shift))
        if source != target:
            edge = walk.emit(Lookup(walk.name("mean"), (edge.name,), target.zero, table), target.wide)
        return reshaped(walk, edge, walk.wanted(operator), target)
    node = Mean(
        walk.name("mean"),
        (edge.name,),
        target.zero,
        0,
        CODES - 1,
        source.zero,
        np.array([multiplier], np.int32),
        np.array([shift], np.int32),
        _places(x.shape, axes),
    )
    return reshaped(walk, walk.emit(node, target.wide), walk.wanted(operator), target)


def _places(shape: tuple[int, ...], axes: set[int]) -> tuple[int, ...]:
    """The axes of a tensor as neighbours among (y, x, channels); those of one element may be taken or left."""
    rank = len(shape)
    outer = [axis for axis in range(rank - 3) if shape[axis] > 1]
    places = {axis - rank + 3 for axis in axes if shape[axis] > 1}
    between = [place for place in range(min(places), max(places)) if place not in places]
    if outer or any(shape[place + rank - 3] > 1 for place in between):
        raise Broken(
            f"is over axes {sorted(axes)} of {list(shape)}: neighbours of height, width and channels are taken"
        )
    return tuple(range(min(places), max(places) + 1))
