"""Spiking neurons in Keras. Time is folded into the batch axis, step by step: [T * B, ...]."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from edge_snn.models.surrogate import ramp, straight_through


@keras.saving.register_keras_serializable("edge_snn")
class LIF(keras.layers.Layer):
    """Leaky integrate-and-fire, binary or ternary, hard reset to 0 (Guo et al. 2025, section "Neurons").

    ``U[t] = H[t-1] + X[t]``; ``S[t] = U[t] >= Vth`` (ternary: and -1 where ``U[t] <= -Vth``);
    ``H[t] = leak * U[t]`` where it was silent, 0 where it fired. The reset carries no gradient.

    Input and output: float32 [T * B, ...], the first B rows are step 0.
    """

    def __init__(
        self, timesteps: int, threshold: float = 1.0, ternary: bool = False, leak: float = 0.5, **options: Any
    ) -> None:
        super().__init__(**options)
        self.timesteps = timesteps
        self.threshold = threshold
        self.ternary = ternary
        self.leak = leak

    def call(self, inputs: Any, training: bool = False) -> Any:
        steps = ops.split(inputs, self.timesteps, axis=0) if self.timesteps > 1 else [inputs]
        residue, spikes = None, []
        for current in steps:
            membrane = current if residue is None else residue + current
            hard = ops.cast(membrane >= self.threshold, membrane.dtype)
            if self.ternary:
                hard = hard - ops.cast(membrane <= -self.threshold, membrane.dtype)
            fired = ops.stop_gradient(ops.abs(hard) if self.ternary else hard)
            residue = self.leak * membrane * (1.0 - fired)
            spikes.append(self._with_surrogate(hard, membrane) if training else hard)
        return ops.concatenate(spikes, axis=0) if len(spikes) > 1 else spikes[0]

    def _with_surrogate(self, hard: Any, membrane: Any) -> Any:
        soft = 0.5 * ramp(membrane - self.threshold)
        if self.ternary:
            soft = soft + 0.5 * ramp(membrane + self.threshold)
        return straight_through(hard, soft)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        own = {
            "timesteps": self.timesteps,
            "threshold": self.threshold,
            "ternary": self.ternary,
            "leak": self.leak,
        }
        return {**super().get_config(), **own}


def rate_jumps(steps: int, leak: float) -> tuple[tuple[float, float], ...]:
    """How the rate of a LIF over ``steps`` steps of a constant current grows with it: (charge, jump) pairs.

    After k silent steps the membrane is ``charge_k = 1 + leak + .. + leak ** (k - 1)`` times the current. A neuron that
    first fires at step k fires every k steps, ``steps // k`` times: at a current of ``threshold / charge_k`` its rate
    jumps by what that is more than for k + 1.
    """
    charges = [sum(leak**i for i in range(k)) for k in range(1, steps + 1)]
    return tuple((charge, (steps // k - steps // (k + 1)) / steps) for k, charge in enumerate(charges, start=1))


@keras.saving.register_keras_serializable("edge_snn")
class RateCoded(LIF):
    """The rate at which a :class:`LIF` fires over T steps of a constant current: a staircase, in one pass.

    Input and output: float32 [B, ...]; rates are 0 to 1 (ternary: -1 to 1). What one step of T = 1 cannot tell apart,
    T steps can, so weights trained with rates fit T steps of spikes better, at the cost of T = 1. The gradient is that
    of the T surrogates, with the reset only where every step fires. Its ``timesteps`` are those of the rate.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        hard, soft = self._rate(inputs)
        if self.ternary:
            negative, slope = self._rate(-inputs)
            hard, soft = hard - negative, soft - slope
        return straight_through(hard, soft) if training else hard

    def _rate(self, current: Any) -> tuple[Any, Any]:
        jumps = rate_jumps(self.timesteps, self.leak)
        hard = sum(jump * ops.cast(current >= self.threshold / charge, current.dtype) for charge, jump in jumps)
        rising = sum(ramp(charge * current - self.threshold) for charge, _ in jumps) / self.timesteps
        soft = ops.where(current < self.threshold, rising, ramp(current - self.threshold))
        return hard, 0.5 * soft


class TimeLayer(keras.layers.Layer):
    """A layer that knows T and works along the batch axis, [T * B, ...]: Keras takes its shapes as they are."""

    def __init__(self, timesteps: int, **options: Any) -> None:
        super().__init__(**options)
        self.timesteps = timesteps

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape  # the batch axis is unknown and stays so

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "timesteps": self.timesteps}


@keras.saving.register_keras_serializable("edge_snn")
class RepeatInTime(TimeLayer):
    """[B, ...] -> [T * B, ...]: a static image is the same at every step, so it is convolved once before this."""

    def call(self, inputs: Any) -> Any:
        return ops.concatenate([inputs] * self.timesteps, axis=0) if self.timesteps > 1 else inputs


@keras.saving.register_keras_serializable("edge_snn")
class RateLoss(keras.layers.Layer):
    """Passes its first input and adds a loss on the firing rates of the others.

    ``weight * (mean_l max(0, r_l - target) + max(0, mean_l r_l - target))`` with r_l the mean of |spikes| of
    layer l: rates below the target cost nothing.
    """

    def __init__(self, weight: float, target: float, **options: Any) -> None:
        super().__init__(**options)
        self.weight = weight
        self.target = target

    def call(self, inputs: Any, training: bool = False) -> Any:
        logits, *spikes = inputs
        if training and self.weight > 0:
            rates = ops.stack([ops.mean(ops.abs(layer)) for layer in spikes])
            excess = ops.mean(ops.relu(rates - self.target)) + ops.relu(ops.mean(rates) - self.target)
            self.add_loss(self.weight * excess)
        return logits

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight, "target": self.target}
