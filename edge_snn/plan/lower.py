"""Lowers an integer graph to fused steps.

Sums of a layer go on to a residual, a store, a pool or a neuron while they are still in scratch; only what
others read is stored. What cannot ride along with a layer gets a step of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edge_snn.errors import InputError
from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.facts import INT16_MAX
from edge_snn.graph.graded import GradedNode
from edge_snn.graph.graph import INPUT
from edge_snn.graph.layout import Reshape
from edge_snn.graph.linear import Linear
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.node import Node
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add
from edge_snn.graph.tensor import Kind
from edge_snn.plan.attention import HEAD_CHANNELS, AttentionStep, Key
from edge_snn.plan.chain import MAX_COLUMNS, Chain, Columns, plan_chain
from edge_snn.plan.code import as_code
from edge_snn.plan.conv import ConvStep, plan_table, pooled_in_lanes
from edge_snn.plan.graded import Graded
from edge_snn.plan.graded_lower import IN_PLACE, lower_graded
from edge_snn.plan.linear import LinearStep
from edge_snn.plan.neuron import plan_neuron
from edge_snn.plan.pixels import plan_pixels
from edge_snn.plan.pool import PoolStep, window
from edge_snn.plan.readout import MAX_ROWS, ReadoutStep
from edge_snn.plan.residual import CurrentStep
from edge_snn.plan.segments import ARMV6M, ARMV7M
from edge_snn.plan.sharing import shared
from edge_snn.plan.steps import Finish, NeuronPart, Spikes, Step, Stored, Stream, padded
from edge_snn.plan.vector import HEAD, HEADS, TIMESTEPS, Vector, plan_vector, vector_current

MAX_ROW_UNITS = 1 << 16  # a row's place is 16 bits, in units of 8 bytes


def counter_index(model: IntegerModel) -> dict[str, int]:
    """Index of the first spike counter of each layer that has some."""
    index, result = 0, {}
    for layer in model.graph.counted:
        result[layer.name] = index
        index += layer.counters
    return result


class Lowering:
    """One pass over one graph; ``counters`` are indices of the first counter of each neuron layer."""

    def __init__(
        self, model: IntegerModel, vectors: bool, armv6m: bool, flash: int | None, counters: Mapping[str, int]
    ) -> None:
        self.model = model
        self.vectors = vectors
        self.flash = flash
        self.costs = ARMV6M if armv6m else ARMV7M
        self.graph = model.graph
        self.steps: list[Step] = []
        self._stored: dict[str, Stored] = {}
        self._done: set[str] = set()
        self._counters = counters

    def run(self) -> tuple[Step, ...]:
        """Returns the steps; InputError names a node that cannot be lowered."""
        for node in self.graph.nodes:
            if node.name not in self._done:
                self._lower(node)
                self._done.add(node.name)
        return shared(as_code(self.steps, self.costs, self.flash), self.costs)

    def _lower(self, node: Node) -> None:
        if isinstance(node, Conv2D):
            self._conv(node)
        elif isinstance(node, Linear):
            if not self._is_key(node):
                finish = self._finish(node.name)
                self._check_rows(node.name, node.weight.shape[0], node.weight.shape[1])
                source = self._spikes(node.inputs[0])
                chain = plan_chain(self.model, node.name, node.weight, node.bias, source, finish)
                vector = self._vector(chain, source, finish)
                self.steps.append(LinearStep(node.name, finish, node, source, chain, vector))
        elif isinstance(node, Attention):
            self._attention(node)
        elif isinstance(node, (Neuron, Add)) or (
            isinstance(node, MaxPool2D) and self.graph.specs[node.name].kind is Kind.CURRENT
        ):
            self._current(node)
        elif isinstance(node, MaxPool2D):
            shape = self.graph.specs[node.inputs[0]].shape
            output = self._new_spikes(node.name)
            self.steps.append(PoolStep(node.name, self._spikes(node.inputs[0]), output, window(node, shape), shape))
        elif isinstance(node, Readout):
            self._check_rows(node.name, node.weight.shape[0], node.weight.shape[1])
            spikes = self._spikes(node.inputs[0])
            if spikes.positions * spikes.timesteps > MAX_ROWS:
                raise InputError(f"sums {spikes.positions} positions, the kernel counts to {MAX_ROWS}", where=node.name)
            self.steps.append(ReadoutStep(node.name, node, spikes))
        elif isinstance(node, GradedNode):
            self._graded(node)
        elif not isinstance(node, Relu):
            raise InputError(f"{node.op} cannot be lowered to the kernels", where=node.name)

    # -- layers --------------------------------------------------------------------------------------

    def _check_rows(self, name: str, rows: int, channels: int) -> None:
        if rows * padded(channels) // 8 > MAX_ROW_UNITS:
            raise InputError(
                f"has {rows * padded(channels)} bytes of weights, the kernels reach {MAX_ROW_UNITS * 8}",
                where=name,
                hint="narrow the layer",
            )

    def _conv(self, node: Conv2D) -> None:
        spec, out = self.graph.specs[node.inputs[0]], self.graph.specs[node.name]
        kh, kw, cin, cout = node.weight.shape
        self._check_rows(node.name, kh * kw * cin, cout)
        source = None if spec.kind in (Kind.PIXELS, Kind.GRADED) else self._spikes(node.inputs[0])
        storage = self._codes(node.inputs[0]).storage if source is None else source.storage
        finish = self._finish(node.name)
        chain = None
        if source is not None and kw <= MAX_COLUMNS:
            width, left = spec.shape[1], node.padding[1]
            behind = max((out.shape[1] - 1) * node.stride[1] + kw - left - width, 0)
            columns = Columns(spec.shape[2], kh, kw, left, width, behind)
            chain = plan_chain(self.model, node.name, node.weight, node.bias, source, finish, columns)
        table = plan_table(node, finish, self.graph.timesteps) if source is None else None
        vector = None if source is None else self._vector(chain, source, finish, spec.shape[1], node)
        pixels = None
        if table is not None and self.vectors and finish.neuron is not None and self.graph.timesteps == TIMESTEPS:
            pixels = plan_pixels(node, finish.neuron.node, spec.shape, finish.neuron.window is not None)
        size = out.shape[:2]
        lanes = pooled_in_lanes(self.model.accumulators[f"{node.name}.sum"], finish)
        self.steps.append(
            ConvStep(node.name, finish, node, source, storage, spec.shape, size, chain, lanes, table, vector, pixels)
        )

    def _vector(
        self, chain: Chain | None, source: Spikes, finish: Finish, width: int = 1, node: Conv2D | None = None
    ) -> Vector | None:
        return plan_vector(chain, source, finish, width, node) if self.vectors else None

    def _is_key(self, node: Linear) -> bool:
        """Whether the layer makes K of one attention only: then the attention computes it."""
        readers = self.graph.consumers(node.name)
        if len(readers) != 1 or not isinstance(readers[0], Relu):
            return False
        behind = self.graph.consumers(readers[0].name)
        if len(behind) != 1 or not isinstance(behind[0], Attention):
            raise InputError("a ReLU must feed the K of one attention and nothing else", where=readers[0].name)
        return True

    def _attention(self, node: Attention) -> None:
        query, value = self._spikes(node.inputs[0]), self._spikes(node.inputs[2])
        made, source = self.graph.node(node.inputs[1]), node.inputs[1]
        width, key, chain = query.channels // node.heads, None, None
        if isinstance(made, Relu):
            layer = self.graph.node(made.inputs[0])
            if not isinstance(layer, Linear):
                raise InputError("K must come from a linear layer and a ReLU, or be spikes", where=node.name)
            assert made.clip is not None  # an integer graph has clips
            key, source = Key(layer, made.name, made.clip), layer.inputs[0]
            self._check_rows(layer.name, layer.weight.shape[0], width)
        made_of = self._spikes(source)
        finish = self._finish(node.name)
        if key is not None:
            chain = self._key_chain(node, key, made_of, width)
        vector = self._key_vector(chain, made_of, finish, width, node.heads)
        self.steps.append(AttentionStep(node.name, finish, node, query, value, made_of, key, chain, vector))

    def _key_vector(self, chain: Chain | None, source: Spikes, finish: Finish, width: int, heads: int) -> Vector | None:
        """The vector form of K, if esnn_vector_attention can run the attention: heads of 16 channels, or of 12."""
        neuron = finish.neuron
        if chain is None or neuron is None or not finish.blocks or neuron.output.ternary:
            return None
        if width not in HEADS or (width < HEAD and neuron.window is not None):
            return None
        return self._vector(replace(chain, channels=HEAD * heads), source, Finish(source.timesteps, 1))

    def _key_chain(self, node: Attention, key: Key, source: Spikes, width: int) -> Chain | None:
        """The chain of K, if esnn_attention_chain can run the attention."""
        context, layer = self.model.accumulators.get(f"{node.name}.context"), key.layer
        fits = context is not None and context.bits <= 16 and int(key.clip.max()) <= INT16_MAX
        if not fits or width not in HEAD_CHANNELS:
            return None
        bare = Finish(source.timesteps, 1)
        return plan_chain(self.model, layer.name, layer.weight, layer.bias, source, bare)

    def _current(self, node: Node) -> None:
        """A neuron, sum or pool on a current that is stored."""
        edges = list(node.inputs)
        if isinstance(node, Add) and self.graph.specs[edges[0]].static:
            edges.reverse()  # the sums are those of the input that changes with time
        source = self._stream(edges[0])
        if isinstance(node, Add):
            finish = self._finish(node.name, residual=self._stream(edges[1]), steps=source.steps)
        elif isinstance(node, Neuron):
            finish = Finish(source.steps, self.graph.specs[edges[0]].shape[1], neuron=self._neuron(node))
        else:
            assert isinstance(node, MaxPool2D)
            shape = self.graph.specs[edges[0]].shape
            finish = Finish(
                source.steps, shape[1], pooled=self._new_stream(node.name), pooled_window=window(node, shape)
            )
        narrow = not source.wide and source.steps == self.graph.timesteps and finish.narrow
        vector = self.vectors and narrow and vector_current(source, finish)
        self.steps.append(CurrentStep(node.name, finish, source, narrow, vector))

    # -- codes ---------------------------------------------------------------------------------------

    def _graded(self, node: GradedNode) -> None:
        sources = tuple(self._codes(edge) for edge in node.inputs)
        spec, first = self.graph.specs[node.name], sources[0]
        over = isinstance(node, Reshape) or (isinstance(node, IN_PLACE) and self._is_free(node, first))
        output = Graded(first.storage if over else node.name, node.name, spec.positions, spec.channels)
        self._stored[node.name] = output
        if not isinstance(node, Reshape):
            counter = self._counters.get(node.name)
            self.steps.append(lower_graded(self.graph, node, sources, output, counter, self.costs))

    def _is_free(self, node: GradedNode, source: Graded) -> bool:
        """Whether nobody but ``node`` will read what lies there; the image stays."""
        shared = [edge for edge, stored in self._stored.items() if stored.storage == source.storage]
        waiting = {reader.name for edge in shared for reader in self.graph.consumers(edge)} - self._done
        return source.storage != INPUT and waiting == {node.name}

    def _codes(self, edge: str) -> Graded:
        if edge == INPUT:
            image = self.graph.image
            return Graded(INPUT, INPUT, image.positions, image.channels)
        found = self._stored.get(edge)
        if not isinstance(found, Graded):
            raise InputError("codes are expected here, and there are none stored", where=edge)
        return found

    # -- what rides along ----------------------------------------------------------------------------

    def _finish(self, edge: str, residual: Stream | None = None, steps: int | None = None) -> Finish:
        """Collects what the sums of ``edge`` can take along; marks those nodes done."""
        spec = self.graph.specs[edge]
        steps = steps or (1 if spec.static else self.graph.timesteps)
        readers = self.graph.consumers(edge)
        if residual is None and len(readers) == 1 and isinstance(readers[0], Add):
            others = [name for name in readers[0].inputs if name != edge]
            other = self._stored.get(others[0]) if others else None
            if isinstance(other, Stream) and (steps > 1 or other.steps == 1):
                residual, edge = other, readers[0].name
                self._done.add(edge)
                readers = self.graph.consumers(edge)
        width = spec.shape[1]
        if len(readers) == 1 and isinstance(readers[0], MaxPool2D):
            pool = readers[0]
            self._done.add(pool.name)
            pooled = self._new_stream(pool.name)
            return Finish(steps, width, residual, pooled=pooled, pooled_window=window(pool, spec.shape))
        neurons = [node for node in readers if isinstance(node, Neuron)]
        stored = len(neurons) < len(readers) or len(neurons) > 1
        store = self._new_stream(edge, over=residual) if stored else None
        neuron = None
        if neurons:
            self._done.add(neurons[0].name)
            neuron = self._neuron(neurons[0])
        return Finish(steps, width, residual, store, neuron=neuron)

    def _neuron(self, node: Neuron) -> NeuronPart:
        readers = self.graph.consumers(node.name)
        if len(readers) == 1 and isinstance(readers[0], MaxPool2D):
            pool = readers[0]
            self._done.add(pool.name)
            output, into = self._new_spikes(pool.name), window(pool, self.graph.specs[node.name].shape)
        else:
            output, into = self._new_spikes(node.name), None
        return plan_neuron(self.model, node, output, self._counters[node.name], into)

    # -- storages ------------------------------------------------------------------------------------

    def _new_stream(self, edge: str, over: Stream | None = None) -> Stream:
        """Stores a current; in the place of ``over`` when nobody reads that any more."""
        spec, bounds = self.graph.specs[edge], self.model.edges[edge].bounds
        steps = 1 if spec.static else self.graph.timesteps
        made = Stream(edge, edge, spec.positions, spec.channels, steps, bounds.bits > 16)
        if over is not None and over.size == made.size and over.wide == made.wide:
            waiting = [node.name for node in self.graph.consumers(over.edge) if node.name not in {*self._done, edge}]
            if not waiting:
                made = Stream(over.storage, edge, spec.positions, spec.channels, steps, made.wide)
        self._stored[edge] = made
        return made

    def _new_spikes(self, edge: str) -> Spikes:
        spec = self.graph.specs[edge]
        made = Spikes(edge, edge, spec.positions, spec.channels, self.graph.timesteps, spec.kind is Kind.TERNARY)
        self._stored[edge] = made
        return made

    def _spikes(self, edge: str) -> Spikes:
        found = self._stored.get(edge)
        if not isinstance(found, Spikes):
            raise InputError("spikes are expected here, and there are none stored", where=edge)
        return found

    def _stream(self, edge: str) -> Stream:
        found = self._stored.get(edge)
        if not isinstance(found, Stream):
            raise InputError("a stored current is expected here", where=edge)
        return found
