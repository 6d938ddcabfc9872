"""Classifier: mean over tokens, linear head, mean over time."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("edge_snn")
class MeanOverTime(keras.layers.Layer):
    """[T * B, C] -> [B, C]."""

    def __init__(self, timesteps: int, **options: Any) -> None:
        super().__init__(**options)
        self.timesteps = timesteps

    def call(self, inputs: Any) -> Any:
        return ops.mean(ops.reshape(inputs, (self.timesteps, -1, inputs.shape[-1])), axis=0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "timesteps": self.timesteps}


def readout(spikes: Any, classes: int, timesteps: int) -> Any:
    """Logits [B, classes] of spikes [T * B, N, C]."""
    pooled = keras.layers.GlobalAveragePooling1D(name="head_pool")(spikes)
    logits = keras.layers.Dense(classes, name="head")(pooled)
    return MeanOverTime(timesteps, name="head_mean")(logits)
