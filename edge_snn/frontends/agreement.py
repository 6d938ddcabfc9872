"""Whether spikes are those of a neuron, up to the rounding of float32.

The membrane is followed with the *given* spikes: a spike that rounding may have flipped resets the membrane as
it did in the file, so that one flip does not make the steps behind it look wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.graph.neuron import Neuron

EPSILON = 2.0**-23  # of float32; operations round by half of it


@dataclass(frozen=True)
class Margin:
    """By how much each current may be wrong: float64 [B, T or 1, ..], a bound from summation lengths."""

    error: np.ndarray


@dataclass(frozen=True)
class Agreement:
    """Comparison of spikes [B, T, ..].

    Attributes:
        wrong: spikes that rounding does not explain.
        near_ties: number of spikes that differ, with a membrane within rounding of a threshold.
    """

    wrong: np.ndarray
    near_ties: int


def compare(neuron: Neuron, current: np.ndarray, spikes: np.ndarray, margin: Margin) -> Agreement:
    """Compares ``spikes`` [B, T, .., C] with what the neuron makes of ``current`` [B, T or 1, .., C]."""
    theta = neuron.threshold.astype(np.float64)
    wrong = np.zeros(spikes.shape, bool)
    ties = 0
    residue = np.zeros(spikes[:, 0].shape)
    error = np.zeros_like(residue)
    for step in range(spikes.shape[1]):
        x = current[:, step if current.shape[1] > 1 else 0].astype(np.float64)
        slack = margin.error[:, step if margin.error.shape[1] > 1 else 0]
        theirs = spikes[:, step].astype(np.float64)
        membrane = residue + x
        # An add, a leak and a reset, each rounded by both sides.
        error = error + slack + 4 * EPSILON * (np.abs(residue) + np.abs(x))
        ours = (membrane >= theta).astype(np.float64)
        may = np.abs(membrane - theta) <= error
        excused = may & ((theirs == 0) | (theirs == 1))
        if neuron.polarity == "ternary":
            ours -= membrane <= -theta
            excused |= (np.abs(membrane + theta) <= error) & ((theirs == 0) | (theirs == -1))
        differs = ours != theirs
        wrong[:, step] = differs & ~excused
        ties += int((differs & excused).sum())
        if neuron.reset == "subtract":
            membrane = membrane - theta * theirs
        residue, error = neuron.leak * membrane, neuron.leak * error
        if neuron.reset == "zero":
            fired = theirs != 0
            residue[fired], error[fired] = 0.0, 0.0
    return Agreement(wrong, ties)
