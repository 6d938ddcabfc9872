"""How often layers of codes see each code, on calibration data: by it the kernels cut codes into digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edge_snn.graph.facts import INT32_MAX
from edge_snn.graph.graded import CODES
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.reference import run
from edge_snn.reference.executor import DEFAULT_BATCH


def watch(graph: Graph, codes: np.ndarray, progress: Callable[[int], None] | None = None) -> Graph:
    """Returns the graph with :attr:`edge_snn.graph.graded_conv.GradedConv.seen` of its layers filled in.

    Args:
        codes: inputs, uint8 [B, H, W, C].
        progress: called with the number of inputs done.
    """
    edges = {node.inputs[0] for node in graph.nodes if isinstance(node, GradedConv)}
    seen = {edge: np.zeros(CODES, np.int64) for edge in edges}
    for start in range(0, len(codes), DEFAULT_BATCH):
        part = codes[start : start + DEFAULT_BATCH]
        values = run(graph, part, keep=edges - {INPUT}, count_sops=False).edges
        for edge, counts in seen.items():
            counts += np.bincount((part if edge == INPUT else values[edge]).ravel(), minlength=CODES)
        if progress is not None:
            progress(min(start + DEFAULT_BATCH, len(codes)))
    most = max((int(counts.max()) for counts in seen.values()), default=0)
    parts = max(-(-most // INT32_MAX), 1)  # shares matter, not numbers
    nodes = tuple(
        replace(node, seen=(seen[node.inputs[0]] // parts).astype(np.int32)) if isinstance(node, GradedConv) else node
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)
