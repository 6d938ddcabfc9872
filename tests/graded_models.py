"""Random networks of codes, whose every tensor is an output: fuel for tests of kernels and plans."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection

import numpy as np

from edge_snn.graph.codes import Codes
from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.facts import Bounds, EdgeFacts
from edge_snn.graph.graded import GradedNode
from edge_snn.graph.graded_add import GradedAdd
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.graph.graded_pool import GradedPool, Mean
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.graph.layout import Concat, Pad, Reshape, Slice
from edge_snn.graph.lookup import Lookup
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.node import INTEGER
from edge_snn.graph.softmax import Softmax
from edge_snn.graph.tensor import Kind, TensorSpec

ONE = np.ones(1)


def finished(name: str, image: tuple[int, int, int], nodes: list[GradedNode]) -> IntegerModel:
    """A model of those nodes, the last of which is a :class:`Codes`; nothing is proved of it."""
    graph = Graph(name, 1, TensorSpec(image, Kind.PIXELS, static=True), tuple(nodes), INTEGER)
    facts = EdgeFacts(Bounds(0, 255), ONE)
    classes = tuple(f"c{index}" for index in range(graph.specs[graph.end.name].channels))
    return IntegerModel(graph, dict.fromkeys(graph.specs, facts), {}, classes)


def quantised(value: float) -> tuple[int, int]:
    """QuantizeMultiplier of TFLite: (31 bits, shift)."""
    fraction, shift = math.frexp(value)
    multiplier = round(fraction * (1 << 31))
    return (multiplier, shift) if multiplier < 1 << 31 else (multiplier // 2, shift + 1)


class Maker:
    """Adds random nodes; every edge is flattened into the outputs in the end."""

    def __init__(self, seed: int, most: int = 6) -> None:
        self.rng = np.random.default_rng(seed)
        self.image = (self.number(1, most), self.number(1, most), int(self.rng.choice([1, 2, 3, 4, 5, 8])))
        self.specs = {INPUT: TensorSpec(self.image, Kind.PIXELS, static=True)}
        self.nodes: list[GradedNode] = []

    def number(self, low: int, high: int) -> int:
        """low .. high, both included."""
        return int(self.rng.integers(low, high + 1))

    def zero(self) -> int:
        return int(self.rng.choice([0, 255, 128, self.number(0, 255)]))

    def clamp(self) -> tuple[int, int]:
        if self.rng.random() < 0.5:
            return 0, 255
        low, high = sorted((self.number(0, 255), self.number(0, 255)))
        return low, high

    def multiplier(self) -> int:
        return int(self.rng.choice([1 << 30, (1 << 31) - 1, self.number(1 << 30, (1 << 31) - 1)]))

    def edge(self) -> str:
        """Any edge, later ones twice as likely."""
        names = list(self.specs)
        return str(self.rng.choice([*names, *names[len(names) // 2 :]]))

    def name(self, family: str) -> str:
        return f"{family}{len(self.nodes)}"

    def add(self, node: GradedNode) -> None:
        self.specs[node.name] = node.infer([self.specs[edge] for edge in node.inputs])
        self.nodes.append(node)

    # -- one method an operation ---------------------------------------------------------------------

    def lookup(self) -> None:
        table = self.rng.integers(0, 256, 256).astype(np.uint8)
        self.add(Lookup(self.name("lookup"), (self.edge(),), self.zero(), table))

    def depthwise(self) -> None:
        edge = self.edge()
        shape = self.specs[edge].shape
        size, stride, dilation, padding = [], [], [], [0, 0, 0, 0]
        for axis in range(2):
            size.append(int(self.rng.choice([1, 2, 3, 3, 4])))
            dilation.append(int(self.rng.choice([1, 1, 2])))
            stride.append(int(self.rng.choice([1, 1, 2, 3])))
            covered = (size[-1] - 1) * dilation[-1] + 1
            for side in (axis, axis + 2):
                padding[side] = self.number(0, covered - 1)
            if shape[axis] + padding[axis] + padding[axis + 2] < covered:
                padding[axis] = padding[axis + 2] = covered - 1
        m = int(self.rng.choice([1, 1, 2, 3]))
        channels = shape[2] * m
        weight = np.clip(np.rint(self.rng.laplace(size=(*size, shape[2], m)) * 40), -128, 127).astype(np.int8)
        bias = self.rng.integers(-9000, 9000, channels).astype(np.int32)
        shift = self.rng.integers(-9, -4, channels).astype(np.int32)
        dead = self.rng.random(channels) < 0.1
        bias[dead], shift[dead] = self.rng.choice([-(1 << 30), 1 << 30]), -31
        numbers = np.array([self.multiplier() for _ in range(channels)], np.int32), shift
        zeros = (int(self.rng.choice([0, self.zero()])), weight, bias, *numbers)
        window = {"stride": tuple(stride), "padding": tuple(padding), "dilation": tuple(dilation)}
        rounding = "single" if self.rng.random() < 0.1 else "double"
        about = (self.name("depthwise"), (edge,), self.zero(), *self.clamp())
        self.add(Depthwise(*about, *zeros, rounding, **window))

    def sum(self) -> None:
        """Scales as TFLite makes them of real ones, near each other and far apart."""
        edge = self.edge()
        other = str(
            self.rng.choice([name for name, spec in self.specs.items() if spec.shape == self.specs[edge].shape])
        )
        scales = np.exp(self.rng.normal(size=3) * self.rng.choice([0.3, 1, 3])).astype(np.float32).astype(float)
        twice = 2 * max(scales[:2])
        multipliers, shifts = zip(
            *map(quantised, (scales[0] / twice, scales[1] / twice, twice / scales[2] / (1 << 20)))
        )
        numbers = np.array(multipliers, np.int32), np.minimum(np.array(shifts, np.int32), 0)
        about = (self.name("sum"), (edge, other), self.zero(), *self.clamp(), self.zero(), self.zero())
        self.add(GradedAdd(*about, *numbers, str(self.rng.choice(["add", "sub"]))))

    def concat(self) -> None:
        edge, axis = self.edge(), self.number(0, 2)
        shape = self.specs[edge].shape
        rest = [size for place, size in enumerate(shape) if place != axis]
        fits = [
            name
            for name, spec in self.specs.items()
            if [size for place, size in enumerate(spec.shape) if place != axis] == rest
        ]
        parts = [edge, *(str(self.rng.choice(fits)) for _ in range(self.number(0, 2)))]
        self.add(Concat(self.name("concat"), tuple(parts), self.zero(), axis))

    def pad(self) -> None:
        before, after = ((self.number(0, 2), self.number(0, 2), int(self.rng.choice([0, 0, 1, 4]))) for _ in range(2))
        self.add(Pad(self.name("pad"), (self.edge(),), self.zero(), before, after, self.number(0, 255)))

    def slice(self) -> None:
        edge = self.edge()
        begin, size, step = [], [], []
        for room in self.specs[edge].shape:
            begin.append(self.number(0, room - 1))
            step.append(int(self.rng.choice([1, 1, 2, 3])))
            size.append(self.number(1, (room - 1 - begin[-1]) // step[-1] + 1))
        self.add(Slice(self.name("slice"), (edge,), self.zero(), tuple(begin), tuple(size), tuple(step)))

    def reshape(self) -> None:
        edge = self.edge()
        shape = self.specs[edge].shape
        made = [shape[1], shape[2], shape[0]] if self.rng.random() < 0.5 else [1, shape[0], shape[1] * shape[2]]
        self.add(Reshape(self.name("reshape"), (edge,), self.zero(), tuple(made)))

    def pool(self, kind: str) -> None:
        edge = self.edge()
        shape = self.specs[edge].shape
        size, stride, padding = [], [], [0, 0, 0, 0]
        for axis in range(2):
            size.append(self.number(1, min(shape[axis], 4)))
            stride.append(self.number(1, 3))
            if size[-1] > 1:
                padding[axis], padding[axis + 2] = self.number(0, size[-1] - 1), self.number(0, size[-1] - 1)
        node = GradedPool(
            self.name(kind), (edge,), self.zero(), *self.clamp(), kind, tuple(size), tuple(stride), tuple(padding)
        )
        self.add(node)

    def largest(self) -> None:
        self.pool("max")

    def average(self) -> None:
        self.pool("average")

    def mean(self) -> None:
        axes = ((0, 1), (0, 1), (2,), (1,), (0,), (1, 2), (0, 1, 2))[self.number(0, 6)]
        edge = self.edge()
        about = (self.name("mean"), (edge,), self.zero(), *self.clamp(), self.zero())
        multiplier = np.array([self.multiplier()], np.int32)
        self.add(Mean(*about, multiplier, np.array([self.number(-8, 1)], np.int32), axes))

    def softmax(self) -> None:
        shift = self.number(15, 25)
        least = -self.number(1, 300)
        while (-least << shift) >> 31:  # as TFLite chooses it: differences that count fit 32 bits
            least = -(-least >> 1)
        self.add(Softmax(self.name("softmax"), (self.edge(),), 0, self.multiplier(), shift, least))

    def convolution(self) -> None:
        """Kernels, strides, paddings, dilations; channels of all sizes, some dead; codes dense, sparse or not known."""
        rng, edge = self.rng, self.edge()
        shape = self.specs[edge].shape
        size, dilation, stride, padding = [], [], [], [0, 0, 0, 0]
        for axis in range(2):
            dilation.append(int(rng.choice([1, 1, 1, 2])))
            size.append(self.number(1, min(4, (shape[axis] - 1) // dilation[-1] + 1)))
            stride.append(self.number(1, 3))
            covered = (size[-1] - 1) * dilation[-1]
            padding[axis], padding[axis + 2] = self.number(0, covered), self.number(0, covered)
        channels = self.number(1, int(rng.choice([3, 18, 40])))
        weight = np.clip(np.rint(rng.normal(size=(*size, shape[2], channels)) * rng.choice([4, 40, 127])), -128, 127)
        weight[..., rng.random(channels) < 0.1] = 0
        inputs = weight[..., 0].size
        bias = rng.integers(-200, 201, channels) * inputs
        bias[rng.random(channels) < 0.05] = rng.choice([-(1 << 30), 1 << 30])
        spread = np.sqrt(inputs) * 2500.0 / rng.choice([20, 100, 400], channels)
        multiplier, shift = zip(*(quantised(1 / value) for value in np.maximum(spread, 1.001)))
        zero = self.zero()
        low, high = (zero, 255) if rng.random() < 0.5 else self.clamp()
        seen = {
            "dense": rng.integers(0, 1000, 256),
            "sparse": np.where(np.arange(256) == 0, 100000, rng.integers(0, 200, 256)),
            "small": np.where(np.arange(256) < 20, 1000, 1),
        }.get(str(rng.choice(["dense", "sparse", "small", "unknown"])))
        self.add(
            GradedConv(
                name=self.name("conv"),
                inputs=(edge,),
                zero=zero,
                low=low,
                high=high,
                input_zero=self.zero(),
                weight=weight.astype(np.int8),
                bias=bias.astype(np.int32),
                multiplier=np.array(multiplier, np.int32),
                shift=np.array(shift, np.int32),
                stride=tuple(stride),
                padding=tuple(padding),
                dilation=tuple(dilation),
                seen=None if seen is None else seen.astype(np.int32),
            )
        )

    def model(self) -> IntegerModel:
        parts = []
        for edge, spec in list(self.specs.items())[1:]:
            flat = self.name("flat")
            self.add(Reshape(flat, (edge,), self.zero(), (1, 1, spec.size)))
            parts.append(flat)
        self.add(Concat(self.name("all"), tuple(parts), 0, 2))
        self.add(Codes("logits", (self.nodes[-1].name,), 0))
        return finished("codes", self.image, self.nodes)


OPERATIONS: dict[str, Callable[[Maker], None]] = {
    "lookup": Maker.lookup,
    "depthwise": Maker.depthwise,
    "sum": Maker.sum,
    "concat": Maker.concat,
    "pad": Maker.pad,
    "slice": Maker.slice,
    "reshape": Maker.reshape,
    "max": Maker.largest,
    "average": Maker.average,
    "mean": Maker.mean,
    "softmax": Maker.softmax,
    "convolution": Maker.convolution,
}


def random_codes(seed: int, kinds: Collection[str] = tuple(OPERATIONS), size: int = 12, most: int = 6) -> IntegerModel:
    """A network of ``size`` operations of those kinds on an image of up to ``most`` lines and columns."""
    maker = Maker(seed, most)
    for _ in range(size):
        for _attempt in range(20):
            kind = str(maker.rng.choice(list(kinds)))
            edges = len(maker.specs)
            OPERATIONS[kind](maker)
            made = maker.nodes[-1]
            if maker.specs[made.name].size <= 700:
                break
            maker.nodes.pop()
            del maker.specs[made.name]
        assert len(maker.specs) <= edges + 1
    return maker.model()
