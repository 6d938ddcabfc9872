"""C of a shorter run that comes first: what it has in common with the whole run is there once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edge_snn.plan import EarlyRun

NAME = re.compile(r"\bstep_(\d\w*)")
DEFINED = re.compile(r"^(?:_Alignas\(4\) )?static (?:\w+ )+(step_\w+)", re.MULTILINE)  # constants and functions


@dataclass(frozen=True)
class EarlyCode:
    """What the template needs of a shorter run.

    Attributes:
        declarations: those that the whole run does not have.
        calls: one line of C per step.
        timesteps, margin: see edge_snn.plan.EarlyRun.
        ternary: first counters of the ternary layers: those of -1 are moved to where T steps have them.
    """

    declarations: tuple[str, ...]
    calls: tuple[str, ...]
    timesteps: int
    margin: int
    ternary: tuple[int, ...]


def share(run: EarlyRun, whole: Sequence[str], declarations: Sequence[str], calls: Sequence[str]) -> EarlyCode:
    """Takes out what both runs declare alike, weights above all, and gives the rest names of its own.

    Args:
        run: the shorter one.
        whole: declarations of the whole run; both name things by step.
    """
    known = set(whole)
    own = [text for text in declarations if text not in known]
    names = {name for text in own for name in DEFINED.findall(text)}

    def renamed(text: str) -> str:
        return NAME.sub(lambda found: f"early_{found[1]}" if found[0] in names else found[0], text)

    ternary = tuple(part.counter for part in run.plan.neurons if part.output.ternary)
    return EarlyCode(tuple(map(renamed, own)), tuple(map(renamed, calls)), run.plan.timesteps, run.margin, ternary)
