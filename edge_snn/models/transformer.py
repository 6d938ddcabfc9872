"""The Spiking Transformer (Guo et al. 2025, section "Network") as a Keras functional model."""

from __future__ import annotations

from typing import Any

import keras

from edge_snn.models.attention import attention
from edge_snn.models.config import ModelConfig
from edge_snn.models.conv import conv_norm
from edge_snn.models.linear import linear_norm
from edge_snn.models.neuron import LIF, RateCoded, RateLoss, RepeatInTime
from edge_snn.models.pool import max_pool
from edge_snn.models.readout import readout

BRANCH_GAIN = 0.5  # initial gamma of what is added to the residual stream


def build(config: ModelConfig, rate_weight: float = 0.0, rate_target: float = 0.15, rate_coded: int = 0) -> Any:
    """Returns the model: pixels 0..255 float32 [B, H, W, C] to logits [B, classes].

    ``model.spike_layers`` lists the names of the neuron layers in order. The firing-rate loss is added in
    training where ``rate_weight`` is above 0 (see :class:`edge_snn.models.neuron.RateLoss`). With ``rate_coded`` the
    neurons of a model of T = 1 are :class:`edge_snn.models.neuron.RateCoded` of so many steps: for training only.
    """
    spikes: list[Any] = []
    names: list[str] = []

    def neuron(current: Any, name: str, threshold: float = 1.0, ternary: bool = False) -> Any:
        if rate_coded:
            made = RateCoded(rate_coded, threshold, ternary, name=name)(current)
        else:
            made = LIF(config.timesteps, threshold, ternary, name=name)(current)
        spikes.append(made)
        names.append(name)
        return made

    image = keras.Input(config.input_shape, name="image")
    x = keras.layers.Rescaling(1 / 255.0, name="rescale")(image)
    for stage, channels in enumerate(config.stage_channels, start=1):
        x = conv_norm(x, channels, f"stage{stage}_conv")
        if stage == 1:
            x = RepeatInTime(config.timesteps, name="repeat")(x)
        if stage < 4:
            x = neuron(x, f"stage{stage}_neuron")
        if stage in config.pools:
            x = max_pool(x, config.pool_size, f"stage{stage}_pool")
    position = conv_norm(neuron(x, "rpe_neuron"), config.width, "rpe_conv", BRANCH_GAIN)
    stream = keras.layers.Add(name="rpe_add")([x, position])
    stream = keras.layers.Reshape((config.tokens, config.width), name="tokens")(stream)
    s = neuron(stream, "tokens_neuron")
    for block in range(config.depth):
        name = f"block{block}"
        mixed = linear_norm(
            attention(s, config, f"{name}_attention", neuron), config.width, f"{name}_proj", BRANCH_GAIN
        )
        stream = keras.layers.Add(name=f"{name}_add1")([stream, mixed])
        hidden = linear_norm(neuron(stream, f"{name}_neuron1"), config.mlp_ratio * config.width, f"{name}_fc1")
        out = linear_norm(neuron(hidden, f"{name}_hidden"), config.width, f"{name}_fc2", BRANCH_GAIN)
        stream = keras.layers.Add(name=f"{name}_add2")([stream, out])
        s = neuron(stream, f"{name}_neuron2")
    logits = readout(s, config.classes, config.timesteps)
    if rate_weight > 0:
        logits = RateLoss(rate_weight, rate_target, name="rate_loss")([logits, *spikes])
    model = keras.Model(image, logits, name=config.name.replace("-", "_"))
    model.spike_layers = tuple(names)
    return model


def rate_model(model: Any) -> Any:
    """A model of the same image whose outputs are the spikes of every neuron layer."""
    return keras.Model(model.inputs, [model.get_layer(name).output for name in model.spike_layers])
