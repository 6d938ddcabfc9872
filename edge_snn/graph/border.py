"""Where codes meet the numbers of the file that a network came from: at its input and its output."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge_snn.errors import InputError
from edge_snn.graph.checks import MAX_DIM, check_choice, check_int, check_ints, fail
from edge_snn.graph.graded import CODES, SIGN

DTYPES = ("int8", "uint8", "float32")
MAX_RANK = 8


@dataclass(frozen=True)
class Border:
    """What the numbers of a file's input or output are, and how they and codes become each other.

    A code c stands for ``scale * (c - zero)``. An int8 number is ``c - 128``, a uint8 number is c itself, a float32
    number is what c stands for, rounded as QUANTIZE and DEQUANTIZE of TFLite round.

    Attributes:
        dtype: "int8", "uint8" or "float32".
        scale: real value of one code.
        zero: zero point, as a code.
        shape: in the file, with its batch of 1.
    """

    dtype: str
    scale: float
    zero: int
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        check_choice("border", "dtype", self.dtype, DTYPES)
        if not isinstance(self.scale, float) or not math.isfinite(self.scale) or self.scale <= 0:
            raise fail("border", "scale must be a number above 0")
        check_int("border", "zero", self.zero, 0, CODES - 1)
        check_ints("border", "shape", self.shape, None, 1, MAX_DIM * MAX_DIM)
        if len(self.shape) > MAX_RANK:
            raise fail("border", f"a shape of {len(self.shape)} dimensions, at most {MAX_RANK}")

    @property
    def size(self) -> int:
        """Numbers of one image."""
        return math.prod(self.shape)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Of one image: without its batch of 1."""
        return self.shape[1:] if self.shape[0] == 1 else self.shape

    @property
    def is_pixels(self) -> bool:
        """Whether a pixel 0..255 is its own code."""
        return self.zero == 0 and self.dtype == "uint8"

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Codes, uint8, of numbers of the file's type, in the same shape.

        Raises:
            InputError: of another type, or not finite.
        """
        if values.dtype.name != self.dtype:
            raise InputError(f"the model takes {self.dtype} numbers, these are {values.dtype}")
        if self.dtype == "int8":
            return (values.astype(np.int16) + SIGN).astype(np.uint8)
        if self.dtype == "uint8":
            return values
        if not np.isfinite(values).all():
            raise InputError("there are numbers that are not finite")
        with np.errstate(over="ignore"):  # beyond float32 is beyond all codes
            steps = values / np.float32(self.scale)
        whole = np.trunc(np.clip(steps, -2.0 * CODES, 2.0 * CODES))
        part = np.clip(steps, -2.0 * CODES, 2.0 * CODES) - whole
        nearest = whole + np.copysign(np.abs(part) >= 0.5, part)  # halves away from zero, as C's round
        return np.clip(nearest.astype(np.int32) + self.zero, 0, CODES - 1).astype(np.uint8)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Numbers of the file's type of codes, any integers 0..255, in the same shape."""
        if self.dtype == "int8":
            return (codes.astype(np.int16) - SIGN).astype(np.int8)
        if self.dtype == "uint8":
            return codes.astype(np.uint8)
        return (self.scale * (codes.astype(np.float64) - self.zero)).astype(np.float32)
