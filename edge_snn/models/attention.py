"""Spiking self-attention: A2OS2A, and the two it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from edge_snn.models.config import ATTENTION_NEURONS, ModelConfig
from edge_snn.models.linear import linear_norm

SSA_SCALE = 0.125  # Spikformer's constant


@keras.saving.register_keras_serializable("edge_snn")
class HeadProduct(keras.layers.Layer):
    """``scale * Q (K^T V)`` per head, without softmax; equals ``(Q K^T) V``.

    Inputs Q, K, V: [M, N, D]; output [M, N, D]. Head h owns channels h*D/heads .. (h+1)*D/heads - 1.
    """

    def __init__(self, heads: int, scale: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads
        self.scale = scale

    def call(self, query: Any, key: Any, value: Any) -> Any:
        tokens, width = query.shape[1], query.shape[2]

        def split(x: Any) -> Any:
            return ops.transpose(ops.reshape(x, (-1, tokens, self.heads, width // self.heads)), (0, 2, 1, 3))

        context = ops.matmul(ops.transpose(split(key), (0, 1, 3, 2)), split(value))
        mixed = ops.matmul(split(query), context)
        mixed = ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, tokens, width))
        return mixed if self.scale == 1.0 else mixed * self.scale

    def compute_output_shape(self, query_shape: Any, key_shape: Any, value_shape: Any) -> Any:
        return query_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "scale": self.scale}


@keras.saving.register_keras_serializable("edge_snn")
class TokenSum(keras.layers.Layer):
    """``sum_n Q[n] * K[n]``: [M, N, D], [M, N, D] -> [M, 1, D] (Spike-driven Transformer)."""

    def call(self, query: Any, key: Any) -> Any:
        return ops.sum(query * key, axis=1, keepdims=True)

    def compute_output_shape(self, query_shape: Any, key_shape: Any) -> Any:
        return (query_shape[0], 1, query_shape[2])


def attention(spikes: Any, config: ModelConfig, name: str, neuron: Callable[..., Any]) -> Any:
    """Spikes [T * B, N, D] in, spikes [T * B, N, D] out (before the projection).

    ``neuron(x, name, threshold=1.0, ternary=False)`` makes a spiking neuron layer and returns its spikes.

    - a2os2a: binary Q, ReLU K, ternary V: ``SN(Q K^T V)`` (Guo et al. 2025).
    - ssa: binary Q, K, V: ``SN(0.125 Q K^T V)`` (Spikformer); so is any other kind with a binary K.
    - sdsa: binary Q, K, V: ``SN(sum_n Q * K) * V`` (Spike-driven Transformer).
    """
    kinds = ATTENTION_NEURONS[config.attention]

    def operand(part: str, kind: str) -> Any:
        gain = config.key_gain if kind == "relu" else 1.0
        current = linear_norm(spikes, config.width, f"{name}_{part}", gain)
        if kind == "relu":
            return keras.layers.ReLU(name=f"{name}_{part}_relu")(current)
        return neuron(current, f"{name}_{part}_neuron", ternary=kind == "ternary")

    query, key, value = (operand(part, kind) for part, kind in zip("qkv", kinds))
    threshold = config.attention_threshold
    if config.attention == "sdsa":
        gate = neuron(TokenSum(name=f"{name}_sum")(query, key), f"{name}_neuron", threshold=threshold)
        return keras.layers.Multiply(name=f"{name}_gate")([value, gate])
    scale = 1.0 if kinds[1] == "relu" else SSA_SCALE
    mixed = HeadProduct(config.heads, scale, name=f"{name}_product")(query, key, value)
    return neuron(mixed, f"{name}_neuron", threshold=threshold)
