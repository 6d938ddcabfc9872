"""What layers with weights have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge_snn.graph.checks import check_array, fail
from edge_snn.graph.node import Node, expect_dtype
from edge_snn.graph.tensor import Kind, TensorSpec


@dataclass(frozen=True)
class WeightedNode(Node):
    """A node that multiplies what it reads by weights; ``rank`` is their number of dimensions.

    Attributes:
        weight: [.., cin, cout], float32, or int8 in an integer graph.
        bias: [cout], float32, or int32.
    """

    rank: ClassVar[int] = 2
    part: ClassVar[str] = "layer"  # what takes channels, and what it makes, in messages
    outputs: ClassVar[str] = "output channels"

    weight: np.ndarray
    bias: np.ndarray

    def __post_init__(self) -> None:
        super().__post_init__()
        check_array(self.name, "weight", self.weight, ("float32", "int8"), self.rank)
        check_array(self.name, "bias", self.bias, ("float32", "int32"), 1)
        if self.bias.shape[0] != self.weight.shape[-1]:
            raise fail(self.name, f"{self.bias.shape[0]} biases for {self.weight.shape[-1]} {self.outputs}")

    def require(self, x: TensorSpec, *kinds: Kind) -> None:
        """Raises InputError unless ``x`` is of one of the kinds and has the channels that the weights take."""
        self.require_kind(x, kinds)
        if x.channels != self.weight.shape[-2]:
            raise fail(self.name, f"the {self.part} takes {self.weight.shape[-2]} channels, the input has {x.channels}")

    def check_domain(self, domain: str) -> None:
        expect_dtype(self, "weight", self.weight.dtype.name, domain, "float32", "int8")
        expect_dtype(self, "bias", self.bias.dtype.name, domain, "float32", "int32")
