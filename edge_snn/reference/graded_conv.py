"""Reference of :class:`edge_snn.graph.graded_conv.GradedConv`, and what :mod:`.depthwise` shares with it."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.graded_conv import GradedConv, GradedWindowNode
from edge_snn.graph.node import INTEGER
from edge_snn.reference.context import coverage, largest_sum, matmul, windows
from edge_snn.reference.graded import finish


def peak(node: GradedWindowNode) -> int:
    """Largest absolute value that an input may have less its zero point."""
    return max(node.input_zero, 255 - node.input_zero)


def taps(node: GradedWindowNode, x: np.ndarray, dtype: type) -> np.ndarray:
    """View of all windows of ``code - input_zero``: [B, H', W', kh, kw, cin] of ``dtype``; 0 outside the image."""
    top, left, bottom, right = node.padding
    flat = x[:, 0].astype(dtype) - dtype(node.input_zero)
    padded = np.pad(flat, ((0, 0), (top, bottom), (left, right), (0, 0)))
    view = windows(padded, node.covered, node.stride)
    return view[:, :, :, :: node.dilation[0], :: node.dilation[1]]


def run(node: GradedConv, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the codes [B, 1, H', W', cout] of codes [B, 1, H, W, cin], both uint8."""
    (x,) = inputs
    kh, kw, cin, cout = node.weight.shape
    patches = taps(node, x, np.float32)
    height, width = patches.shape[1:3]
    flat = node.weight.reshape(-1, cout)
    sums = matmul(patches.reshape(-1, kh * kw * cin), flat, INTEGER, largest_sum(node.weight, peak(node)))
    return finish(node, sums).reshape(len(x), 1, height, width, cout)


def sops(node: GradedWindowNode, inputs: list[np.ndarray], outputs_of_input: int) -> np.ndarray:
    """Synaptic operations per image, int64 [B]: inputs that are not the zero point times their fan-out.

    Args:
        outputs_of_input: channels that one input channel reaches.
    """
    (x,) = inputs
    fan_out = coverage((x.shape[2], x.shape[3]), node.covered, node.stride, node.padding, node.dilation)
    active = np.count_nonzero(x[:, 0] != node.input_zero, axis=3)
    return (active * (fan_out * outputs_of_input)).sum(axis=(1, 2))
