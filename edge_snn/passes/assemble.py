"""A network of codes becomes a model: bounds are proved, facts are gathered, nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edge_snn import __version__
from edge_snn.graph.border import Border
from edge_snn.graph.facts import EdgeFacts
from edge_snn.graph.graph import Graph
from edge_snn.graph.model import IntegerModel
from edge_snn.passes import bounds


def assemble(
    graph: Graph,
    scales: Mapping[str, float],
    borders: tuple[Border, Border],
    *,
    name: str = "",
    classes: tuple[str, ...] = (),
    provenance: Mapping[str, Any] | None = None,
) -> IntegerModel:
    """Returns the model of an integer graph that ends in codes.

    Args:
        scales: real value of one code of every edge.
        borders: what numbers enter, and what numbers it makes.
        name: of the model; "" keeps the graph's.
        classes: names of its outputs; () numbers them.

    Raises:
        InputError: a sum may leave 32 bits.
    """
    graph = replace(graph, name=name or graph.name)
    proof = bounds.prove(graph)
    edges = {
        edge: EdgeFacts(interval.bounds(edge), np.array([scales[edge]], np.float64))
        for edge, interval in proof.edges.items()
    }
    outputs = graph.specs[graph.end.name].channels
    labels = classes if len(classes) == outputs else tuple(str(index) for index in range(outputs))
    facts = {"converter": f"edge_snn {__version__}", **(provenance or {})}
    return IntegerModel(graph, edges, proof.accumulators, labels, facts, borders=borders)
