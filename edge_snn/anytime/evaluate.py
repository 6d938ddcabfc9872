"""Accuracy against T, and of runs that may stop early, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_snn.anytime.partial import Partial
from edge_snn.anytime.rules import Stops, choose_margin, decided, first_true, gap, stop_by_margin
from edge_snn.data.dataset import Dataset
from edge_snn.errors import InputError

SAME_IMAGES = 0.01  # official sets have a few images twice


def parse_schedule(text: str, timesteps: int) -> tuple[int, ...]:
    """Steps of each chunk of a schedule such as ``2+2``; InputError unless they are ``timesteps`` together."""
    parts = text.split("+")
    chunks = tuple(int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 3)
    if len(chunks) != len(parts) or min(chunks) < 1 or sum(chunks) != timesteps or len(chunks) < 2:
        raise InputError(
            f"schedule {text[:40]!r} is not one of {timesteps} time steps in two chunks or more",
            hint=f"for example {default_schedules(timesteps)[0]}",
        )
    return chunks


def default_schedules(timesteps: int) -> tuple[str, ...]:
    """All schedules of two chunks, and the one of single steps; none for one step."""
    pairs = [f"{first}+{timesteps - first}" for first in range(1, timesteps)]
    single = "+".join("1" * timesteps)
    return tuple(dict.fromkeys([*pairs, single])) if timesteps > 1 else ()


def check_apart(validation: Dataset, test: Dataset) -> None:
    """Raises InputError if the validation images are those that the rules are scored on."""
    known = {image.tobytes() for image in test.x}
    same = sum(image.tobytes() in known for image in validation.x)
    if same > SAME_IMAGES * len(validation.x):
        raise InputError(
            f"{same} of its {len(validation.x)} validation images are among the images of --data",
            where=validation.name,
            hint="choose the margin on training images that were held out",
        )


def by_timesteps(partial: Partial, labels: np.ndarray, timesteps: Sequence[int]) -> list[dict[str, Any]]:
    """Accuracy of the model built for each T, and how often its class is that of the trained T."""
    trained = partial.logits(partial.model.graph.timesteps).argmax(axis=1)
    rows = []
    for steps in timesteps:
        classes = partial.logits(steps).argmax(axis=1)
        rows.append(
            {
                "timesteps": steps,
                "accuracy": float((classes == labels).mean()),
                "same_class": float((classes == trained).mean()),
            }
        )
    return rows


def schedule(
    chunks: Sequence[int],
    test: Partial,
    labels: np.ndarray,
    validation: Partial | None = None,
    validation_labels: np.ndarray | None = None,
    loss: float = 0.002,
) -> dict[str, Any]:
    """Both rules on runs that may stop behind each chunk.

    Args:
        chunks: steps of each chunk; T together.
        test: of the images that are scored.
        validation: of those on which the margin is chosen; without them there is no margin rule.
        loss: accuracy that the margin may cost on the validation images, as a share.
    """
    ends = [int(end) for end in np.cumsum(chunks)]
    answers = _answers(test, ends)
    right = answers == labels[:, None]
    same = (answers == answers[:, -1:]).mean(axis=0)
    exact = _exact(test, ends)
    certain = np.repeat(right[:, -1:], len(ends), axis=1)  # it never changes the answer
    made: dict[str, Any] = {
        "schedule": list(chunks),
        "chunks": [
            {"after": end, "accuracy": float(right[:, place].mean()), "same_class": float(same[place])}
            for place, end in enumerate(ends)
        ],
        "exact": _facts(exact, ends, certain),
        "margin": None,
    }
    if validation is not None and validation_labels is not None:
        known = _answers(validation, ends) == validation_labels[:, None]
        gaps = _gaps(validation, ends)
        margin = choose_margin(gaps, known, loss)
        there = _facts(stop_by_margin(gaps, margin), ends, known)
        made["margin"] = {
            "margin": margin,
            "validation": {**there, "full_accuracy": float(known[:, -1].mean())},
            **_facts(stop_by_margin(_gaps(test, ends), margin), ends, right),
        }
    return made


def _answers(partial: Partial, ends: Sequence[int]) -> np.ndarray:
    """Class after each chunk, int64 [B, places]."""
    return np.stack([partial.logits(end).argmax(axis=1) for end in ends], axis=1)


def _gaps(partial: Partial, ends: Sequence[int]) -> np.ndarray:
    return np.stack([gap(partial.logits(end)) for end in ends[:-1]], axis=1)


def _exact(partial: Partial, ends: Sequence[int]) -> Stops:
    """Where the rule that cannot err ends the runs; it looks at logits with the bias of the whole run."""
    whole = ends[-1]
    columns = [
        decided(partial.begun(end), partial.readout, (whole - end) * partial.events, partial.ternary)
        for end in ends[:-1]
    ]
    stops = first_true(np.stack(columns, axis=1))
    early = np.stack([partial.begun(end).argmax(axis=1) for end in ends], axis=1)
    if not np.array_equal(stops.of(early), early[:, -1]):
        raise AssertionError("the exact rule changed an answer")
    return stops


def _facts(stops: Stops, ends: Sequence[int], right: np.ndarray) -> dict[str, Any]:
    return {
        "ended": stops.shares(len(ends)),
        "mean_steps": float(np.asarray(ends)[stops.at].mean()),
        "accuracy": float(stops.of(right).mean()),
    }
