"""PyTorch's own max pool as an operator that ``torch.compile`` leaves whole.

Compiled, a pool and its gradient become loops that no vector unit takes: on two cores they were a third of a step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_pool = torch.ops.aten.max_pool2d_with_indices
_gradient = torch.ops.aten.max_pool2d_with_indices_backward


@torch.library.custom_op("edge_snn::max_pool", mutates_args=())
def max_pool(x: Tensor, size: int, top: int, left: int) -> tuple[Tensor, Tensor]:
    """Windows of ``size`` and stride 2, "same" as in Keras; returns the maxima and where they stand.

    Args:
        x: [B, C, H, W], channels last in memory.
        top, left: padding before the image; behind it, whatever the last window needs.
    """
    values, places = _pool(x, [size, size], [2, 2], [top, left], [1, 1], True)
    return (
        values.contiguous(memory_format=torch.channels_last),
        places.contiguous(memory_format=torch.channels_last),
    )


@max_pool.register_fake
def _(x: Tensor, size: int, top: int, left: int) -> tuple[Tensor, Tensor]:
    batch, channels, height, width = x.shape
    shape = (batch, channels, -(-height // 2), -(-width // 2))
    return (
        torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=torch.channels_last),
        torch.empty(shape, dtype=torch.int64, device=x.device, memory_format=torch.channels_last),
    )


@torch.library.custom_op("edge_snn::max_pool_gradient", mutates_args=())
def max_pool_gradient(gradient: Tensor, x: Tensor, places: Tensor, size: int, top: int, left: int) -> Tensor:
    """Gradient of the maxima, given to the first of them in each window."""
    gradient = gradient.contiguous(memory_format=torch.channels_last)
    whole = _gradient(gradient, x, [size, size], [2, 2], [top, left], [1, 1], True, places)
    return whole.contiguous(memory_format=torch.channels_last)


@max_pool_gradient.register_fake
def _(gradient: Tensor, x: Tensor, places: Tensor, size: int, top: int, left: int) -> Tensor:
    return torch.empty(x.shape, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
    x, *ctx.sizes = inputs
    ctx.save_for_backward(x, output[1])


def _backward(ctx: Any, gradient: Tensor, _: Any) -> tuple[Any, ...]:
    x, places = ctx.saved_tensors
    return max_pool_gradient(gradient, x, places, *ctx.sizes), None, None, None


max_pool.register_autograd(_backward, setup_context=_keep)
