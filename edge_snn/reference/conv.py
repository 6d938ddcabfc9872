"""Reference of :class:`edge_snn.graph.conv.Conv2D`."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.conv import Conv2D
from edge_snn.reference.context import coverage, largest_sum, matmul, number_type, windows


def run(node: Conv2D, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the currents [B, T, H', W', cout] of pixels or spikes [B, T, H, W, cin]."""
    (x,) = inputs
    batch, steps = x.shape[:2]
    top, left, bottom, right = node.padding
    flat = x.reshape(batch * steps, *x.shape[2:])
    padded = np.pad(flat, ((0, 0), (top, bottom), (left, right), (0, 0)))
    kh, kw, cin, cout = node.weight.shape
    patches = windows(padded, (kh, kw), node.stride)
    height, width = patches.shape[1:3]
    # float32 before the copy: one pass over memory, and BLAS takes it as it is when the bound allows.
    columns = patches.astype(np.float32).reshape(-1, kh * kw * cin)
    peak = 255 if x.dtype == np.uint8 else 1
    product = matmul(columns, node.weight.reshape(-1, cout), domain, largest_sum(node.weight, peak))
    product += node.bias.astype(number_type(domain))
    return product.reshape(batch, steps, height, width, cout)


def sops(node: Conv2D, inputs: list[np.ndarray]) -> np.ndarray:
    """Synaptic operations per image, int64 [B]: active inputs times their fan-out.

    A pixel counts once per bit that is set: that is what the bit-plane kernel adds.
    """
    (x,) = inputs
    kh, kw, _, cout = node.weight.shape
    fan_out = coverage((x.shape[2], x.shape[3]), (kh, kw), node.stride, node.padding) * cout
    if x.dtype == np.uint8:
        active = np.unpackbits(x[..., None], axis=-1).sum(axis=-1, dtype=np.int64)
    else:
        active = np.abs(x).astype(np.int64)
    return np.einsum("bthwc,hw->b", active, fan_out)
