"""Classifier: mean over tokens, linear head, mean over time."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from edge_snn.models.neuron import TimeLayer


@keras.saving.register_keras_serializable("edge_snn")
class MeanOverTime(TimeLayer):
    """[T * B, C] -> [B, C]."""

    def call(self, inputs: Any) -> Any:
        return ops.mean(ops.reshape(inputs, (self.timesteps, -1, inputs.shape[-1])), axis=0)


def readout(spikes: Any, classes: int, timesteps: int) -> Any:
    """Logits [B, classes] of spikes [T * B, N, C]."""
    pooled = keras.layers.GlobalAveragePooling1D(name="head_pool")(spikes)
    logits = keras.layers.Dense(classes, name="head")(pooled)
    return MeanOverTime(timesteps, name="head_mean")(logits)
