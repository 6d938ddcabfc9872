"""Gives a network another number of time steps: weights, thresholds, residues and clips stay as they are.

The first steps of a longer run are those of a shorter one, since no neuron looks ahead. Only the readout, which
sums where the float model averages, and what was proved about T steps depend on T.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.errors import InputError
from edge_snn.graph.facts import EdgeFacts
from edge_snn.graph.graph import Graph, check_spiking
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.node import FLOAT, Node
from edge_snn.graph.readout import Readout
from edge_snn.passes import bounds, readout
from edge_snn.passes.sharing import choose_orders


def retime_graph(graph: Graph, timesteps: int) -> Graph:
    """Returns the graph run for ``timesteps`` steps, 1 to 8.

    A float graph becomes just that of a model built for ``timesteps``. In an integer graph the readout's bias, which
    counts once a step, is ``round(bias * timesteps / T)``, ties to even.

    Raises:
        InputError: it ends in 8-bit codes; T is 1, so that nothing is known of what neurons keep; or ``timesteps`` is
            not 1 to 8.
    """
    if timesteps == graph.timesteps:
        return graph
    check_spiking(graph)
    if graph.timesteps == 1:
        raise InputError(
            f"cannot be run for {timesteps} time steps: a model of one step does not show how its neurons leak",
            where=graph.name,
            hint="export it with two time steps or more",
        )

    def retimed(node: Node) -> Node:
        if isinstance(node, Readout) and graph.domain != FLOAT:
            return readout.retime(node, graph.timesteps, timesteps)
        return node

    return replace(graph, timesteps=timesteps, nodes=tuple(map(retimed, graph.nodes)))


def retime(model: IntegerModel, timesteps: int, calibration: np.ndarray | None = None) -> IntegerModel:
    """Returns the model run for ``timesteps`` steps, its bounds proved anew.

    Args:
        calibration: uint8 [B, H, W, C]; they choose which steps share row adds. Without them the default does.

    Raises:
        InputError: see :func:`retime_graph`; or it can overflow 32 bits in so many steps.
    """
    if timesteps == model.graph.timesteps:
        return model
    graph = retime_graph(model.graph, timesteps)
    proof = bounds.prove(graph)
    orders = {} if calibration is None else choose_orders(graph, calibration)

    def facts(name: str) -> EdgeFacts:
        scale = model.edges[name].scale
        if name == graph.readout.name:  # a sum over T steps stands for their mean
            scale = scale * model.graph.timesteps / timesteps
        return EdgeFacts(proof.edges[name].bounds(name), scale, orders.get(name, ()))

    provenance = {"source_timesteps": model.graph.timesteps, **model.provenance}
    edges = {name: facts(name) for name in graph.specs}
    return IntegerModel(graph, edges, proof.accumulators, model.classes, provenance)
