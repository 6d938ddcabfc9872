"""A converted model: the integer graph with what was proved about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from edge_snn.graph import manifest
from edge_snn.graph.border import Border
from edge_snn.graph.checks import check_name, fail
from edge_snn.graph.codes import Codes
from edge_snn.graph.facts import Bounds, Early, EdgeFacts
from edge_snn.graph.graded import SIGN
from edge_snn.graph.graph import INPUT, Graph, check_spiking
from edge_snn.graph.node import INTEGER


@dataclass(frozen=True)
class IntegerModel:
    """An integer graph, its edges' scales and bounds, and its class names.

    Attributes:
        graph: in the integer domain.
        edges: facts of every edge, the input's included.
        accumulators: proved bounds of quantities inside nodes, by "node.quantity": ``NAME.sum`` of a
            conv, linear or readout (every partial sum), ``NAME.membrane`` of a neuron, ``NAME.scores`` or
            ``NAME.context`` (the first product) and ``NAME.mixed`` of an attention.
        classes: names of the logits.
        provenance: where it came from; for people, not part of the identity.
        early: when a shorter run may answer; None for never.
        borders: of a network of codes: what numbers enter, and what numbers it makes; None of one that ends in spikes.
        sha256: identity, SHA-256 of the content as :mod:`edge_snn.graph.manifest` defines it; 64 hex digits.
    """

    graph: Graph
    edges: Mapping[str, EdgeFacts]
    accumulators: Mapping[str, Bounds]
    classes: tuple[str, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)
    early: Early | None = None
    borders: tuple[Border, Border] | None = None
    sha256: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if self.graph.domain != INTEGER:
            raise fail(self.graph.name, "the graph has float numbers; convert it first")
        if set(self.edges) != set(self.graph.specs):
            raise fail(self.graph.name, "the facts of the edges do not match the edges")
        for name, facts in self.edges.items():
            if facts.order and sorted(facts.order) != list(range(self.graph.timesteps)):
                raise fail(name, f"order must hold each of {self.graph.timesteps} time steps once")
            if facts.scale.shape[0] not in (1, self.graph.specs[name].channels):
                raise fail(name, f"{facts.scale.shape[0]} scales for {self.graph.specs[name].channels} channels")
        if not isinstance(self.classes, tuple) or len(self.classes) != self.graph.specs[self.graph.end.name].channels:
            raise fail(self.graph.name, f"{len(self.classes)} class names for another number of logits")
        if self.early is not None:
            check_spiking(self.graph)
        if self.early is not None and self.early.timesteps >= self.graph.timesteps:
            raise fail(self.graph.name, f"an early answer must come before all {self.graph.timesteps} time steps")
        if self.early is not None and len(self.classes) < 2:
            raise fail(self.graph.name, "an early answer needs two classes")
        for label in self.classes:
            check_name(label, "class")
        self._check_borders()
        object.__setattr__(self, "edges", MappingProxyType(dict(self.edges)))
        object.__setattr__(self, "accumulators", MappingProxyType(dict(self.accumulators)))
        object.__setattr__(self, "sha256", manifest.identity(self))

    def _check_borders(self) -> None:
        """Fills in what was not given, and compares both ends with the graph."""
        end = self.graph.end
        if not isinstance(end, Codes):
            if self.borders is not None:
                raise fail(self.graph.name, "a network of spikes takes pixels and makes logits")
            return
        scales = {edge: self.edges[edge].scale for edge in (INPUT, end.name)}
        if self.borders is None:
            pixels = Border("uint8", float(scales[INPUT][0]), 0, (1, *self.graph.image.shape))
            numbers = Border("int8", float(scales[end.name][0]), end.zero, (1, len(self.classes)))
            object.__setattr__(self, "borders", (pixels, numbers))
        for border, edge in ((self.takes, INPUT), (self.makes, end.name)):
            if border.size != self.graph.specs[edge].size or scales[edge].tolist() != [border.scale]:
                raise fail(edge, "the numbers of the file have another shape or scale than the edge")
        if self.makes.zero != end.zero:
            raise fail(end.name, "the numbers of the file have another zero point than the node")

    @property
    def takes(self) -> Border:
        """What numbers enter: those of the file, or pixels."""
        return self.borders[0] if self.borders else Border("uint8", 1.0, 0, (1, *self.graph.image.shape))

    @property
    def makes(self) -> Border:
        """What numbers a network of codes makes of its logits, which are codes less 128."""
        if self.borders is None:
            raise fail(self.graph.name, "is a network of spikes: its logits are no numbers of the file")
        return self.borders[1]

    def outputs(self, logits: np.ndarray) -> np.ndarray:
        """Outputs of logits, int32 [N, classes]: in the type and shape of the file, [N, ...]; of spikes the logits."""
        if self.borders is None:
            return logits
        return self.makes.decode(logits + SIGN).reshape(len(logits), *self.makes.sample_shape)

    @property
    def name(self) -> str:
        return self.graph.name

    @property
    def input_shape(self) -> tuple[int, int, int]:
        return self.graph.specs[INPUT].shape

    @property
    def weight_bytes(self) -> int:
        """Bytes of all int8 weights."""
        arrays = [getattr(node, "weight", None) for node in self.graph.nodes]
        return sum(array.size for array in arrays if array is not None)
