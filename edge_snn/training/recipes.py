"""Recipes as data: ``edge-snn train --recipe NAME`` trains a model of each shipped kind in one command.

The card of a shipped model has the very command(s) that made it, where those differ. A network of these sizes fits too
little rather than too much in so few epochs, so augmentation is light: mirrored clothes cost Fashion-MNIST a point.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_snn.errors import InputError
from edge_snn.training.recipe import Recipe, Stage


@dataclass(frozen=True)
class NamedRecipe:
    """A model size, the data it is made for, and how it is trained.

    Attributes:
        preset: of :data:`edge_snn.models.PRESETS`.
        data: name of the data set.
        narrow: dtype of the operands in training, for the torch engine.
    """

    preset: str
    data: str
    recipe: Recipe
    narrow: str = "bfloat16"


RECIPES: dict[str, NamedRecipe] = {
    "fashion-mnist": NamedRecipe(
        "fashion-mnist",
        "fashion-mnist",
        Recipe((Stage(1, 36, 0.004, 0.3, 0.16), Stage(4, 6, 0.002, 1.0, 0.13)), shift=1, flip=False),
    ),
    "fashion-mnist-nano": NamedRecipe(
        "fashion-mnist-nano",
        "fashion-mnist",
        Recipe((Stage(1, 30, 0.005, 0.3, 0.18), Stage(4, 12, 0.003, 1.0, 0.14)), shift=1, flip=False),
    ),
    "cifar10": NamedRecipe(
        "cifar10",
        "cifar10",
        Recipe((Stage(4, 22, 0.004, 0.3, 0.15, rate_coded=True), Stage(4, 8, 0.002, 1.0, 0.115))),
    ),
    "cifar10-small": NamedRecipe(
        "cifar10-small",
        "cifar10",
        Recipe((Stage(1, 48, 0.004, 0.2, 0.17), Stage(4, 4, 0.002, 1.0, 0.115)), shift=2),
    ),
    "digits": NamedRecipe(
        "digits",
        "digits",
        Recipe(
            (Stage(1, 40, 0.01, 0.5, 0.11), Stage(4, 60, 0.005, 3.0, 0.06)),
            batch=64,
            shift=1,
            flip=False,
            held_out=200,
        ),
        narrow="float32",
    ),
}


def named(name: str) -> NamedRecipe:
    """The recipe of that name; InputError when there is none."""
    if name not in RECIPES:
        raise InputError("no such recipe", where=name[:60], hint=f"recipes: {', '.join(RECIPES)}")
    return RECIPES[name]
