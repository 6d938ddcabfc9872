"""The Spiking Transformer in Keras 3. Configurations need no Keras; the layers are the ``train`` extra."""

from edge_snn.models.config import PRESETS, ModelConfig, preset

__all__ = ["PRESETS", "ModelConfig", "preset"]
