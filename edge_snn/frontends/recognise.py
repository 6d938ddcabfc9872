"""Walks the operators of a ``.tflite`` in order and recovers the float graph, by dataflow.

Each tensor stands for a :class:`~edge_snn.frontends.values.Value`; each operator turns the values of its
inputs into that of its output, or is refused by number, kind and the tensor it makes. Names in the file
are never looked at.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_snn.errors import InputError
from edge_snn.frontends import neuron as neurons
from edge_snn.frontends.layer_handlers import LayerHandlers
from edge_snn.frontends.shape_handlers import ShapeHandlers
from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.values import Pooled, Value
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.graph.readout import Readout


class Recogniser(LayerHandlers, ShapeHandlers):
    """All handlers together: :meth:`run` recovers the graph."""

    def run(self) -> Graph:
        """Recovers the graph; InputError names the first operator that is not part of such a model."""
        handlers: dict[str, Callable[[Operator], Value | None]] = {
            "CONV_2D": self._conv,
            "FULLY_CONNECTED": self._linear,
            "MAX_POOL_2D": self._pool,
            "PAD": self._pad,
            "PADV2": self._pad,
            "RESHAPE": self._reshape,
            "TRANSPOSE": self._transpose,
            "BATCH_MATMUL": self._matmul,
            "CONCATENATION": self._concatenation,
            "TILE": self._repeat,
            "BROADCAST_TO": self._repeat,
            "SPLIT": self._neuron,
            "UNPACK": self._neuron,
            "ADD": self._add,
            "SUB": self._affine,
            "MUL": self._affine,
            "DIV": self._affine,
            "RELU": self._relu,
            "MAXIMUM": self._relu,
            "MEAN": self._mean,
            "CAST": self._cast,
            **(dict.fromkeys(neurons.COMPARISONS, self._neuron) if self.timesteps == 1 else {}),
        }
        for operator in self.file.operators:
            if operator.index in self._done:
                continue
            handler = handlers.get(operator.kind)
            if handler is None:
                raise self._refusal(
                    operator,
                    "is not part of a spiking transformer this program can take",
                    hint="models of edge_snn.models convert; see docs/models.md for what is recognised",
                )
            try:
                made = handler(operator)
            except InputError as error:
                if str(self.file.path) in error.diagnostic.where:
                    raise
                raise self._refusal(operator, error.diagnostic.reason, error.diagnostic.hint) from error
            except (ValueError, IndexError, KeyError) as error:
                raise self._refusal(operator, "has a shape or an attribute that does not fit") from error
            if made is not None:
                self.values[operator.outputs[0]] = made
        return self._finish()

    def _finish(self) -> Graph:
        value = self.values.get(self.file.output)
        if not isinstance(value, Pooled) or value.weight is None or value.bias is None:
            raise self._refusal(None, "the output is not the logits of a linear head on spikes")
        spec = self.specs[value.name]
        if (spec.positions > 1 and not value.over_tokens) or (self.timesteps > 1 and not value.over_time):
            raise self._refusal(None, "the output is not averaged over all tokens and time steps")
        self.nodes.append(Readout("head", (value.name,), value.weight, value.bias))
        self.tensor_of["head"] = self.file.output
        return Graph("model", self.timesteps, self.specs[INPUT], tuple(self.nodes))
