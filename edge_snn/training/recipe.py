"""What a training run does, as data: it is saved beside the run and printed on the model's card."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from edge_snn.errors import InputError

CLIP_NORM = 5.0  # of all gradients together
WARM_UP = 300  # steps
FORM = "T[r][qBITS]:EPOCHS[:LR[:RATE_WEIGHT[:RATE_TARGET]]]"
FLOOR = 0.01  # of the peak learning rate, at the end of a stage


def warm_up_steps(total: int) -> int:
    """Steps over which the learning rate rises, of a stage's ``total``."""
    return min(WARM_UP, total // 5)


@dataclass(frozen=True)
class Stage:
    """Some epochs at one number of time steps.

    Attributes:
        timesteps: T of this stage; weights carry over from the one before, so a cheap one first pays.
        epochs: passes over the training images.
        rate: peak learning rate.
        rate_weight, rate_target: of the firing-rate loss.
        rate_coded: neurons pass on the rate at which T steps of a constant current would make them fire
            (:class:`edge_snn.models.neuron.RateCoded`): one pass instead of T.
        weight_bits: 2 to 8: weights are rounded to so many bits on the way (:mod:`edge_snn.training.grid`); 0: not.
    """

    timesteps: int
    epochs: int
    rate: float
    rate_weight: float
    rate_target: float
    rate_coded: bool = False
    weight_bits: int = 0

    def __post_init__(self) -> None:
        if not (1 <= self.timesteps <= 8 and self.epochs >= 1):
            raise InputError("a stage needs 1 to 8 time steps and at least one epoch", where="schedule")
        if not (0 < self.rate <= 1 and self.rate_weight >= 0 and 0 < self.rate_target <= 1):
            raise InputError("a learning rate or spike-rate setting is out of range", where="schedule")
        if self.weight_bits and not 2 <= self.weight_bits <= 8:
            raise InputError(f"weights of {self.weight_bits} bits", where="schedule", hint="2 to 8, as in 4q4:6")

    @classmethod
    def parse(cls, text: str) -> Stage:
        """Reads ``T[r][qBITS]:EPOCHS[:LEARNING_RATE[:RATE_WEIGHT[:RATE_TARGET]]]``; r: rate-coded."""
        parts = text.split(":")
        defaults = ["", "", "0.002", "0.5", "0.15"]
        try:
            if not 2 <= len(parts) <= 5:
                raise ValueError
            filled = [*parts, *defaults[len(parts) :]]
            form = re.fullmatch(r"(\d+)(r?)(?:q([1-9]\d*))?", filled[0])
            if form is None:
                raise ValueError
            steps, coded, bits = int(form[1]), bool(form[2]), int(form[3] or 0)
            epochs, (rate, weight, target) = int(filled[1]), (float(item) for item in filled[2:])
        except ValueError as error:
            raise InputError(f"cannot read {text[:40]!r}", where="schedule", hint=FORM) from error
        return cls(steps, epochs, rate, weight, target, coded, bits)


@dataclass(frozen=True)
class Recipe:
    """A whole training run.

    Attributes:
        stages: one after the other.
        batch: images a step.
        seed: of weights, order and augmentation.
        weight_decay: of AdamW.
        label_smoothing: of the cross entropy.
        shift: images are moved by up to this many pixels.
        flip: images are mirrored half of the time.
        erase: side of the square that is painted over in half of the images; 0 is none.
        mixup: alpha of mixup, in all stages but the last; 0 is none.
        taught: share of the labels that comes from a teacher; 0 is none.
        held_out: training images at the end of the set that choose the checkpoint and are never trained on.
    """

    stages: tuple[Stage, ...]
    batch: int = 128
    seed: int = 1
    weight_decay: float = 0.02
    label_smoothing: float = 0.1
    shift: int = 2
    flip: bool = True
    held_out: int = 5000
    erase: int = 0
    mixup: float = 0.0
    taught: float = 0.0

    def __post_init__(self) -> None:
        if not self.stages or self.batch < 1 or self.held_out < 1 or not 0 <= self.shift <= 8:
            raise InputError("a setting of the recipe is out of range", where="recipe")
        if not 0 <= self.taught <= 1:
            raise InputError(f"a share of {self.taught} of the labels from a teacher", where="recipe", hint="0 to 1")
        if self.stages[-1].rate_coded:
            raise InputError(
                "the last stage is rate-coded, so no epoch is one of spikes", where="recipe", hint="add --stage 4:4"
            )

    @property
    def weight_bits(self) -> int:
        """Of the weights that come out; 0: not rounded."""
        return self.stages[-1].weight_bits

    @property
    def epochs(self) -> int:
        return sum(stage.epochs for stage in self.stages)

    def stage_of(self, epoch: int) -> tuple[int, int]:
        """(index of the stage, epoch within it) of an epoch of the whole run."""
        for index, stage in enumerate(self.stages):
            if epoch < stage.epochs:
                return index, epoch
            epoch -= stage.epochs
        raise IndexError(epoch)

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)
