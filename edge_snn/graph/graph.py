"""The spike-domain graph: a directed acyclic graph of typed nodes over named edges."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_snn.graph.attention import Attention
from edge_snn.graph.checks import check_choice, check_int, check_name, fail
from edge_snn.graph.codes import Codes
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.graded import RequantisedNode
from edge_snn.graph.graded_add import GradedAdd
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.graph.graded_pool import GradedPool, Mean
from edge_snn.graph.layout import Concat, Pad, Reshape, Slice
from edge_snn.graph.linear import Linear
from edge_snn.graph.lookup import Lookup
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.node import FLOAT, INTEGER, Node
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add
from edge_snn.graph.softmax import Softmax
from edge_snn.graph.tensor import Kind, TensorSpec

INPUT = "input"
MAX_TIMESTEPS = 8
MAX_NODES = 4096

SPIKING: tuple[type[Node], ...] = (Conv2D, Linear, Neuron, Relu, Add, Attention, MaxPool2D, Readout)
GRADED: tuple[type[Node], ...] = (
    GradedConv,
    Depthwise,
    GradedAdd,
    Lookup,
    GradedPool,
    Mean,
    Concat,
    Pad,
    Slice,
    Reshape,
    Softmax,
    Codes,
)
OPS: dict[str, type[Node]] = {cls.op: cls for cls in (*SPIKING, *GRADED)}
ENDS = (Readout, Codes)
GRADED_LAYER = "graded"


@dataclass(frozen=True)
class Counted:
    """A layer whose spikes are counted.

    Attributes:
        kind: "binary", "ternary" or "graded".
        steps: counters of one sign.
        signs: 1, or 2: those of -1 follow those of +1.
    """

    name: str
    kind: str
    steps: int
    signs: int

    @property
    def counters(self) -> int:
        return self.steps * self.signs


@dataclass(frozen=True)
class Graph:
    """A spiking network of float or integer numbers, checked when it is made.

    The image enters on edge ``input`` (uint8, static: the same at every time step). ``nodes`` are in
    topological order; the last one is the only :class:`Readout` or :class:`Codes` and makes the logits.

    Attributes:
        name: of the model, for people.
        timesteps: T, 1 to 8.
        image: spec of the input edge.
        nodes: in an order in which each node comes after those it reads.
        domain: "float" (as trained, BatchNorm folded) or "integer" (what runs on the device).
        specs: spec of every edge by name, inferred.
    """

    name: str
    timesteps: int
    image: TensorSpec
    nodes: tuple[Node, ...]
    domain: str = FLOAT
    specs: dict[str, TensorSpec] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name, "model")
        check_int(self.name, "timesteps", self.timesteps, 1, MAX_TIMESTEPS)
        check_choice(self.name, "domain", self.domain, (FLOAT, INTEGER))
        if self.image.kind is not Kind.PIXELS or not self.image.static:
            raise fail(self.name, "the input must be a static image of pixels")
        check_int(self.name, "number of nodes", len(self.nodes), 1, MAX_NODES)
        specs = {INPUT: self.image}
        for node in self.nodes:
            if node.name in specs:
                raise fail(node.name, "two nodes have this name")
            missing = [edge for edge in node.inputs if edge not in specs]
            if missing:
                raise fail(node.name, f"reads edge {missing[0]!r}, which no earlier node makes")
            node.check_domain(self.domain)
            specs[node.name] = node.infer([specs[edge] for edge in node.inputs])
        if [isinstance(node, ENDS) for node in self.nodes].count(True) != 1 or not isinstance(self.nodes[-1], ENDS):
            raise fail(self.name, "the last node, and no other, must be a readout")
        object.__setattr__(self, "specs", specs)
        consumed = {edge for node in self.nodes for edge in node.inputs}
        unused = [name for name in specs if name not in consumed and name != self.nodes[-1].name]
        if unused:
            raise fail(unused[0], "nothing reads this edge")

    def node(self, name: str) -> Node:
        """The node that makes edge ``name``; KeyError when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def consumers(self, edge: str) -> tuple[Node, ...]:
        """The nodes that read ``edge``, in order."""
        return tuple(node for node in self.nodes if edge in node.inputs)

    @property
    def neurons(self) -> tuple[Neuron, ...]:
        """The spiking neuron layers, in order."""
        return tuple(node for node in self.nodes if isinstance(node, Neuron))

    @property
    def counted(self) -> tuple[Counted, ...]:
        """The layers whose spikes are counted, in order: the order of all counters in the project.

        A neuron has a counter for each time step, a ternary one as many again for -1; a layer of codes has one: how
        many of them are not its zero point.
        """
        layers: list[Counted] = []
        for node in self.nodes:
            if isinstance(node, Neuron):
                layers.append(Counted(node.name, node.polarity, self.timesteps, 2 if node.polarity == "ternary" else 1))
            elif isinstance(node, RequantisedNode):
                layers.append(Counted(node.name, GRADED_LAYER, 1, 1))
        return tuple(layers)

    @property
    def end(self) -> Node:
        """The node that makes the logits."""
        return self.nodes[-1]

    @property
    def readout(self) -> Readout:
        """The same of a network that ends in spikes."""
        check_spiking(self)
        assert isinstance(self.end, Readout)
        return self.end


def check_spiking(graph: Graph) -> None:
    """Raises InputError unless the logits are made of spikes, which come step by step."""
    if not isinstance(graph.end, Readout):
        raise fail(graph.name, "is a network of 8-bit codes: it has no time steps to leave out or to stop after")
