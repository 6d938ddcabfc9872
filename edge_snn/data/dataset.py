"""A labelled set of images."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edge_snn.errors import InputError


@dataclass(frozen=True)
class Dataset:
    """Images with labels.

    Attributes:
        x: uint8 [N, H, W, C].
        y: int64 [N], >= 0.
        classes: names of the labels; () when unknown.
        name: where it came from, for people.
    """

    x: np.ndarray
    y: np.ndarray
    classes: tuple[str, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        if self.x.dtype != np.uint8 or self.x.ndim != 4:
            raise InputError(
                f"images must be uint8 [N, height, width, channels], not {self.x.dtype}{list(self.x.shape)}",
                where=self.name,
                hint="store raw pixels 0..255 as uint8; scaling is part of the model",
            )
        if self.y.ndim != 1 or self.y.dtype.kind not in "iu":
            raise InputError(f"labels must be integers [N], not {self.y.dtype}{list(self.y.shape)}", where=self.name)
        if len(self.x) != len(self.y):
            raise InputError(f"{len(self.x)} images but {len(self.y)} labels", where=self.name)
        if len(self.x) == 0 or 0 in self.x.shape:
            raise InputError("there is no image in it", where=self.name)
        object.__setattr__(self, "y", self.y.astype(np.int64))
        if self.y.min() < 0 or (self.classes and self.y.max() >= len(self.classes)):
            bad = int(self.y.min() if self.y.min() < 0 else self.y.max())
            raise InputError(f"label {bad} is out of range", where=self.name)

    def head(self, limit: int | None) -> Dataset:
        """The first ``limit`` images, or all."""
        return self if limit is None else replace(self, x=self.x[:limit], y=self.y[:limit])


def check_labels(dataset: Dataset, classes: int) -> None:
    """Raises InputError if a label has no logit in a model of ``classes`` classes."""
    check_range(dataset.y, classes, dataset.name)


def check_range(labels: np.ndarray, classes: int, where: str) -> None:
    """Raises InputError if one of ``labels``, int64 [N], is not below ``classes``."""
    index = int(np.argmax(labels))
    if labels[index] >= classes:
        raise InputError(
            f"label {labels[index]} of image {index} is out of range: the model has {classes} classes", where=where
        )


def match_classes(dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
    """The data set with its labels in the model's numbering: a folder's classes are in the order of their names.

    Names are compared without case, and without signs that no folder's name can hold (``T-shirt/top`` is
    ``t_shirt_top``). Numbers are no names: labels stay as they are where either side has nothing else.

    Raises:
        InputError: a label without a logit, or a class that is none of the model's.
    """
    if not is_named_otherwise(dataset.classes, classes):
        check_labels(dataset, len(classes))
        return dataset
    return replace(dataset, y=renumbered(dataset.y, dataset.classes, classes, dataset.name), classes=classes)


def is_named_otherwise(names: tuple[str, ...], classes: tuple[str, ...]) -> bool:
    """Whether both a data set and a model have names of classes, and not the same ones."""
    return names not in ((), classes) and not _numbers(names) and not _numbers(classes)


def renumbered(labels: np.ndarray, names: tuple[str, ...], classes: tuple[str, ...], where: str) -> np.ndarray:
    """Labels int64 [N], indices of ``names``, as indices of the same names in ``classes``; InputError without one."""
    known = {_plain(name): index for index, name in enumerate(classes)}
    used = np.unique(labels)
    for label in used:
        if _plain(names[label]) not in known or len(known) != len(classes):
            raise InputError(
                f"class {names[label][:60]!r} is none of the model's: {', '.join(classes)[:300]}",
                where=where,
                hint="name the folders after the model's classes, or 0, 1, 2 .. in the order of its logits",
            )
    numbers = np.zeros(len(names), np.int64)
    numbers[used] = [known[_plain(names[label])] for label in used]
    return numbers[labels]


def _numbers(names: tuple[str, ...]) -> bool:
    return names == tuple(map(str, range(len(names))))


def _plain(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name.casefold())


def fit(dataset: Dataset, shape: tuple[int, int, int]) -> Dataset:
    """Brings images to a model's input by exact integer averaging where the size divides.

    A model of h x w takes images of k*h x k*w: each pixel is the mean of k*k, rounded half up:
    ``(sum + k*k//2) // (k*k)``. Images of the right shape pass unchanged.

    Raises:
        InputError: another shape.
    """
    small = averaged(dataset.x, shape, dataset.name)
    if small is dataset.x:
        return dataset
    return replace(dataset, x=small, name=f"{dataset.name} ({shape[0]}x{shape[1]})")


def averaged(images: np.ndarray, shape: tuple[int, int, int], where: str) -> np.ndarray:
    """:func:`fit` of images alone, uint8 [N, H, W, C]."""
    height, width, channels = images.shape[1:]
    if (height, width, channels) == shape:
        return images
    factor = height // shape[0]
    if channels != shape[2] or factor < 1 or (height, width) != (shape[0] * factor, shape[1] * factor):
        want, got = "x".join(map(str, shape)), "x".join(map(str, (height, width, channels)))
        raise InputError(
            f"images are {got} (height, width, channels), the model takes {want}",
            where=where,
            hint="resize the images; whole multiples are averaged down automatically",
        )
    blocks = images.reshape(-1, shape[0], factor, shape[1], factor, channels)
    area = factor * factor
    small = (blocks.sum(axis=(2, 4), dtype=np.uint32) + area // 2) // area
    return small.astype(np.uint8)
