"""SOFTMAX of int8."""

from __future__ import annotations

import numpy as np

from edge_snn.frontends.int8.scales import Broken, multiplier, radius
from edge_snn.frontends.int8.walk import Edge, Walk
from edge_snn.frontends.tflite_file import Operator
from edge_snn.graph.softmax import Softmax
from edge_snn.reference.softmax import DIFFERENCE_BITS

SHARE = np.float32(1 / 256)  # scale of what it makes, of zero point -128


def softmax(walk: Walk, operator: Operator) -> Edge:
    """SOFTMAX over the last axis."""
    x, made = walk.tensor(operator, 0), walk.made(operator)
    edge = walk.source(operator)
    source, target = walk.scale(x), walk.scale(made)
    if target.scale != SHARE or target.zero != 0:
        raise Broken("makes another scale than 1/256 or another zero point than -128, which TFLite does not take")
    beta = float(operator.options["beta"])
    real = min(beta * source.wide * (1 << (31 - DIFFERENCE_BITS)), (1 << 31) - 1.0)
    if not real > 1.0:
        raise Broken(f"has a beta of {beta:g}, too small a one or none")
    fixed, shift = _beta(real)
    node = Softmax(walk.name("softmax"), (edge.name,), target.zero, fixed, shift, -radius(DIFFERENCE_BITS, shift))
    return walk.emit(node, target.wide)


def _beta(real: float) -> tuple[int, int]:
    """QuantizeMultiplier up to 2^31, which has a shift of 31."""
    fixed, shift = multiplier(real / 2)
    return fixed, shift + 1
