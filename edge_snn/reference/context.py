"""What the operations of the reference executor share: layout, domains and exact matrix products.

Every edge is an array [B, T, H, W, C] (B images; T is 1 for a static edge). Dtypes: pixels uint8,
spikes int8 in {-1, 0, 1}, everything else float32 in a float graph and int32 in an integer graph.
"""

from __future__ import annotations

import numpy as np

from edge_snn.graph.node import FLOAT

# Integers up to here are exact in the given float type, so BLAS may multiply them.
EXACT_FLOAT32 = 1 << 24
EXACT_FLOAT64 = 1 << 53


def number_type(domain: str) -> type:
    """Dtype of currents, keys and logits in ``domain``."""
    return np.float32 if domain == FLOAT else np.int32


def matmul(x: np.ndarray, weight: np.ndarray, domain: str, bound: int) -> np.ndarray:
    """``x @ weight`` in the numbers of ``domain``.

    Args:
        x: [..., K], any number type.
        weight: [..., K, M].
        bound: in an integer graph, a proved bound of the absolute value of every partial sum; it picks
            the narrowest float type in which BLAS is exact.

    Returns:
        [..., M], float32 or int32.

    Raises:
        OverflowError: a partial sum might exceed int32 (a converted model has been refused before).
    """
    if domain == FLOAT:
        return np.matmul(x.astype(np.float32, copy=False), weight.astype(np.float32, copy=False))
    if bound >= 1 << 31:
        raise OverflowError(f"a sum may reach {bound}, beyond 32 bits")
    exact = np.float32 if bound < EXACT_FLOAT32 else np.float64
    product = np.matmul(x.astype(exact, copy=False), weight.astype(exact, copy=False))
    return product.astype(np.int32)


def largest_sum(weight: np.ndarray, peak: int) -> int:
    """Bound of |sum x*w| over all inputs (all axes of ``weight`` but the last), |x| <= ``peak``."""
    flat = np.abs(weight.reshape(-1, weight.shape[-1]).astype(np.int64))
    return int(flat.sum(axis=0).max()) * peak


def windows(x: np.ndarray, size: tuple[int, int], stride: tuple[int, int]) -> np.ndarray:
    """View of all windows of an (already padded) array.

    Args:
        x: [M, H, W, C].

    Returns:
        [M, H', W', kh, kw, C], read-only view.
    """
    view = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2))  # type: ignore[call-overload]  # [M, H1, W1, C, kh, kw]
    return view[:, :: stride[0], :: stride[1]].transpose(0, 1, 2, 4, 5, 3)


def coverage(
    shape: tuple[int, int],
    size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    dilation: tuple[int, int] = (1, 1),
) -> np.ndarray:
    """How many windows read each position: int64 [H, W] (the fan-out of a spike there, per channel).

    Args:
        size: (height, width) that a window covers, holes included.
        dilation: (y, x) from one row or column that a window reads to the next.
    """

    def along(length: int, kernel: int, step: int, before: int, after: int, hole: int) -> np.ndarray:
        count = np.zeros(before + length + after, np.int64)
        for start in range(0, before + length + after - kernel + 1, step):
            count[start : start + kernel : hole] += 1
        return count[before : before + length]

    rows = along(shape[0], size[0], stride[0], padding[0], padding[2], dilation[0])
    columns = along(shape[1], size[1], stride[1], padding[1], padding[3], dilation[1])
    return np.outer(rows, columns)
