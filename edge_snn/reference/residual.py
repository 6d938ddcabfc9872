"""Reference of :class:`edge_snn.graph.residual.Add`."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.residual import Add


def run(node: Add, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the sum [B, T, H, W, C]; a static input serves every time step."""
    return inputs[0] + inputs[1]
