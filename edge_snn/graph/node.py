"""Base of all nodes: a name, input edges, and the edge each node makes.

A node makes exactly one edge, which bears the node's name. A node class holds float parameters in a
float graph and integer parameters in an integer graph; :meth:`Node.check_domain` says which it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.checks import check_name, fail
from edge_snn.graph.tensor import Kind, TensorSpec

FLOAT = "float"
INTEGER = "integer"


@dataclass(frozen=True)
class Node:
    """One operation. Subclasses add parameters and :meth:`infer`.

    Attributes:
        name: unique in the graph; also the name of the edge it makes.
        inputs: names of the edges it reads ("input" is the image).
    """

    op: ClassVar[str] = ""
    arity: ClassVar[int] = 1

    name: str
    inputs: tuple[str, ...]

    def __post_init__(self) -> None:
        check_name(self.name, self.op)
        if not isinstance(self.inputs, tuple) or len(self.inputs) != self.arity:
            raise fail(self.name, f"{self.op} takes {self.arity} input(s)")
        for edge in self.inputs:
            check_name(edge, self.name)

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        """Returns the spec of the edge made from edges of the given specs, or raises InputError."""
        raise TypeError(f"{type(self).__name__} does not say what it makes")

    def check_domain(self, domain: str) -> None:
        """Raises InputError unless the parameters are those of a ``float`` or ``integer`` graph."""

    def require_kind(self, spec: TensorSpec, kinds: Sequence[Kind], what: str = "input") -> None:
        """Raises InputError unless ``spec`` is of one of ``kinds``."""
        if spec.kind not in kinds:
            names = " or ".join(kind.words for kind in kinds)
            raise fail(self.name, f"the {what} of {self.op} must be {names}, not {spec.kind.words}")


def expect_dtype(node: Node, field: str, got: str, domain: str, float_type: str, int_type: str) -> None:
    """Raises InputError unless ``got`` is the dtype that ``domain`` wants."""
    wanted = float_type if domain == FLOAT else int_type
    if got != wanted:
        raise fail(node.name, f"{field} must be {wanted} in a graph of {domain} numbers, not {got}")
