"""Element-wise operators: what they compute, for neurons and for constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edge_snn.frontends.tflite_file import Operator, Tensor

MAX_FOLDED = 1 << 24  # elements of a folded constant: small factors may broadcast to something huge

BINARY: dict[str, Callable[..., np.ndarray]] = {
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "DIV": np.divide,
    "MINIMUM": np.minimum,
    "MAXIMUM": np.maximum,
    "SQUARED_DIFFERENCE": lambda a, b: np.square(a - b),
    "GREATER_EQUAL": np.greater_equal,
    "GREATER": np.greater,
    "LESS": np.less,
    "LESS_EQUAL": np.less_equal,
    "EQUAL": np.equal,
    "NOT_EQUAL": np.not_equal,
    "LOGICAL_AND": np.logical_and,
    "LOGICAL_OR": np.logical_or,
}
UNARY: dict[str, Callable[..., np.ndarray]] = {
    "ABS": np.abs,
    "NEG": np.negative,
    "SIGN": np.sign,
    "SQUARE": np.square,
    "RELU": lambda a: np.maximum(a, 0),
    "LOGICAL_NOT": np.logical_not,
    "ZEROS_LIKE": np.zeros_like,
}
VIEWS = ("RESHAPE", "EXPAND_DIMS", "SQUEEZE")
CASTS = ("CAST", "DEQUANTIZE")
SELECTS = ("SELECT", "SELECT_V2")
ELEMENTWISE = frozenset({*BINARY, *UNARY, *VIEWS, *SELECTS, "CAST"})
COMPARISONS = ("GREATER_EQUAL", "GREATER", "LESS", "LESS_EQUAL")


def compute(operator: Operator, inputs: Sequence[np.ndarray], dtype: str) -> np.ndarray:
    """The result of an element-wise operator (no view) whose output has ``dtype``; ValueError if it is none."""
    kind = operator.kind
    if kind in BINARY and len(inputs) == 2:
        made = BINARY[kind](*inputs)
    elif kind in UNARY and len(inputs) == 1:
        made = UNARY[kind](*inputs)
    elif kind in CASTS and len(inputs) == 1:
        return np.asarray(inputs[0]).astype(dtype)
    elif kind in SELECTS and len(inputs) == 3:
        made = np.asarray(np.where(inputs[0], inputs[1], inputs[2]))
    else:
        raise ValueError(f"{kind} of {len(inputs)} inputs")
    activation = operator.options.get("activation", 0)
    if activation == 1:
        made = np.maximum(made, 0)
    elif activation != 0:
        raise ValueError("fused activation")
    return np.asarray(made)


def fold(operator: Operator, inputs: Sequence[np.ndarray], made: Tensor) -> np.ndarray | None:
    """The constant an operator makes of constants; None when it is not one that is folded.

    Integer weights behind DEQUANTIZE are quantised: these are left to be refused.
    """
    first = inputs[0]
    size = int(np.prod(made.shape, dtype=np.int64))
    if size > MAX_FOLDED or (operator.kind == "DEQUANTIZE" and first.dtype.kind != "f"):
        return None
    if operator.kind in VIEWS:
        return first.reshape(made.shape) if first.size == size else None
    if operator.kind == "TRANSPOSE" and len(inputs) == 2:
        order = [int(axis) for axis in inputs[1].reshape(-1)]
        return first.transpose(order) if sorted(order) == list(range(first.ndim)) else None
    if operator.kind in ELEMENTWISE or operator.kind in CASTS:
        try:
            if np.broadcast_shapes(*(data.shape for data in inputs)) != made.shape:
                return None
            return compute(operator, inputs, made.dtype)
        except (ValueError, TypeError):
            return None
    return None
