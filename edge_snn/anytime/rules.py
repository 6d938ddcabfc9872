"""Rules that end a run after some of its time steps.

*Exact*: the steps that are left cannot change the class, whatever spikes they bring. *Margin*: the best logit is
ahead of the second by an integer margin, chosen on validation images so that few answers get worse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.graph.readout import Readout


def most_gained(readout: Readout, events: int, ternary: bool) -> np.ndarray:
    """By how much class c can still gain on class a: int64 [classes a, classes c], 0 on the diagonal.

    Args:
        events: positions times the steps that are left.
        ternary: spikes may be -1 as well.
    """
    weight = readout.weight.astype(np.int64)
    apart = weight[:, None, :] - weight[:, :, None]  # [channels, a, c]: a spike's gain of c on a
    return (np.abs(apart) if ternary else np.maximum(apart, 0)).sum(axis=0) * events


def decided(logits: np.ndarray, readout: Readout, events: int, ternary: bool) -> np.ndarray:
    """Whether the class of logits int64 [B, classes] stays what it is after ``events`` more: bool [B].

    The logits are those so far with the whole bias of the run. The answer is tight: where it is False, there are
    spikes that change the class.
    """
    best = logits.argmax(axis=1)
    lead = logits[np.arange(len(logits)), best][:, None] - logits - most_gained(readout, events, ternary)[best]
    # Among equal logits the first one is the class, so one behind the best may come level with it.
    behind = np.arange(logits.shape[1])[None] > best[:, None]
    safe = (lead > 0) | (behind & (lead == 0))
    safe[np.arange(len(logits)), best] = True
    return safe.all(axis=1)


def gap(logits: np.ndarray) -> np.ndarray:
    """The best logit minus the second: int64 [B] of [B, classes], two classes or more."""
    top = np.partition(logits, logits.shape[1] - 2, axis=1)[:, -2:]
    return top[:, 1] - top[:, 0]


@dataclass(frozen=True)
class Stops:
    """Where the runs of some images end.

    Attributes:
        at: int64 [B], index of the place among the places where a run may end; the last one always ends it.
    """

    at: np.ndarray

    def shares(self, places: int) -> list[float]:
        """Share of the images that end at each place."""
        return [float(count) / len(self.at) for count in np.bincount(self.at, minlength=places)]

    def of(self, values: np.ndarray) -> np.ndarray:
        """What each image has at its end, of [B, places]."""
        return np.asarray(values[np.arange(len(self.at)), self.at])


def first_true(may_end: np.ndarray) -> Stops:
    """Runs end at the first place where they may: bool [B, places - 1], without the last place."""
    last = np.ones((len(may_end), 1), bool)
    return Stops(np.concatenate([may_end, last], axis=1).argmax(axis=1))


def stop_by_margin(gaps: np.ndarray, margin: int | None) -> Stops:
    """Runs end where the gap, int64 [B, places - 1], reaches the margin; None: at the last place."""
    return first_true(np.zeros(gaps.shape, bool) if margin is None else gaps >= margin)


def choose_margin(gaps: np.ndarray, right: np.ndarray, loss: float) -> int | None:
    """The smallest margin from which on up no more than ``loss`` of the images are lost; None if there is none.

    Args:
        gaps: int64 [B, places - 1].
        right: bool [B, places], whether the answer at each place is the label.
        loss: right answers that may be lost, net, as a share of the images.
    """
    # A margin m ends a run at place e or before if the largest gap so far reaches m.
    reach = np.maximum.accumulate(gaps, axis=1).reshape(-1)
    change = (right[:, :-1].astype(np.int64) - right[:, 1:]).reshape(-1)
    margins, group = np.unique(-reach, return_inverse=True)  # from the largest margin down
    total = np.cumsum(np.bincount(group.reshape(-1), weights=change).astype(np.int64))
    lost = np.flatnonzero(-total > loss * len(right) + 1e-9)
    allowed = int(lost[0]) if len(lost) else len(margins)
    return int(-margins[allowed - 1]) if allowed else None
