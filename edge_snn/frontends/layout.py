"""In which order a tensor of the file stores the elements of an edge of the graph.

A tensor is [T, H, W, C], or tokens [T, N, C], or heads [T, heads, N, d], or any other arrangement of the same
numbers. All of them are *one* edge: what differs is the memory order, written as a tuple of atoms, outermost
first. Reshaping never changes it; transposing permutes it; so a chain of both needs no rules of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ORDER = "tnck"


@dataclass(frozen=True)
class Atom:
    """``size`` steps of ``stride`` along an axis: "t" time, "n" positions (row major), "c" channels, "k" classes.

    Heads are the atom c with stride d and size heads; the channels of one head are c with stride 1, size d.
    """

    axis: str
    stride: int
    size: int


Layout = tuple[Atom, ...]


def normalise(atoms: Sequence[Atom]) -> Layout:
    """Drops atoms of size 1 and joins neighbours that walk one axis on."""
    out: list[Atom] = []
    for atom in atoms:
        if atom.size == 1:
            continue
        if out and out[-1].axis == atom.axis and out[-1].stride == atom.stride * atom.size:
            out[-1] = Atom(atom.axis, atom.stride, out[-1].size * atom.size)
        else:
            out.append(atom)
    return tuple(out)


def natural(steps: int, positions: int, channels: int) -> Layout:
    """The layout of [T, H, W, C] and [T, N, C]."""
    return normalise((Atom("t", 1, steps), Atom("n", 1, positions), Atom("c", 1, channels)))


def group(layout: Layout, shape: Sequence[int]) -> tuple[Layout, ...] | None:
    """The atoms of each dimension of ``shape``; None when a dimension cuts an atom unevenly."""
    rest = list(layout)
    groups: list[Layout] = []
    for dim in shape:
        taken: list[Atom] = []
        want = dim
        while want > 1:
            if not rest:
                return None
            atom = rest.pop(0)
            if atom.size > want:
                if atom.size % want:
                    return None
                inner = atom.size // want
                rest.insert(0, Atom(atom.axis, atom.stride, inner))
                atom = Atom(atom.axis, atom.stride * inner, want)
            if want % atom.size:
                return None
            want //= atom.size
            taken.append(atom)
        groups.append(tuple(taken))
    return None if rest else tuple(groups)


def without(layout: Layout, axis: str) -> Layout:
    """The layout less all atoms of ``axis``."""
    return normalise([atom for atom in layout if atom.axis != axis])


def to_edge(array: np.ndarray, layout: Layout) -> np.ndarray:
    """The elements of a tensor of ``layout`` in natural order, flat."""
    order = sorted(range(len(layout)), key=lambda i: (ORDER.index(layout[i].axis), -layout[i].stride))
    return array.reshape([atom.size for atom in layout]).transpose(order).reshape(-1)
