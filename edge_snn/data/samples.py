"""What a model is run on: images or other numbers, with what is known of the right answers, if anything."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Union

import numpy as np

from edge_snn.data import npz, sources
from edge_snn.data.dataset import Dataset, averaged, is_named_otherwise, renumbered
from edge_snn.errors import InputError
from edge_snn.graph.border import Border

DTYPES = ("uint8", "int8", "float32")
MEMBERS = ("x", "y", "group")

Given = Union[str, Path, np.ndarray, "tuple[np.ndarray, np.ndarray]", Dataset, "Samples"]


@dataclass(frozen=True)
class Samples:
    """Inputs of a model, one a row.

    Attributes:
        x: uint8, int8 or float32 [N, ...]; behind :func:`fit` the bytes that a device takes, uint8 [N, H, W, C].
        y: labels, int64 [N], >= 0; None where there are none.
        targets: what the outputs should be, [N, ...]: floats are real values, int8 and uint8 numbers of the file's
            output; None where they are not given.
        groups: int64 [N]; samples of one number are one recording, and get one score between them (``auc``).
        classes: names of the labels; () when unknown.
        name: where it came from, for people.
        given: behind :func:`fit` what x was before.
    """

    x: np.ndarray
    y: np.ndarray | None = None
    targets: np.ndarray | None = None
    groups: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    name: str = ""
    given: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.x.dtype.name not in DTYPES or self.x.ndim < 2:
            raise InputError(
                f"samples must be uint8, int8 or float32 [N, ..], not {self.x.dtype}{list(self.x.shape)}",
                where=self.name,
                hint="x.astype(numpy.float32)" if self.x.dtype.kind == "f" else "",
            )
        if 0 in self.x.shape:
            raise InputError("there is no image in it", where=self.name)
        for what, array in (("labels", self.y), ("targets", self.targets), ("groups", self.groups)):
            if array is not None and len(array) != len(self.x):
                raise InputError(f"{len(self.x)} images but {len(array)} {what}", where=self.name)
        if self.y is not None and (self.y.min() < 0 or (self.classes and self.y.max() >= len(self.classes))):
            bad = int(self.y.min() if self.y.min() < 0 else self.y.max())
            raise InputError(f"label {bad} is out of range", where=self.name)

    @classmethod
    def of(cls, data: Samples | Dataset) -> Samples:
        """A labelled set of images as samples."""
        return data if isinstance(data, Samples) else cls(data.x, data.y, classes=data.classes, name=data.name)

    @classmethod
    def of_arrays(
        cls, x: np.ndarray, y: np.ndarray | None = None, group: np.ndarray | None = None, name: str = "arrays"
    ) -> Samples:
        """Arrays as they lie in a file; ``y`` are labels if they are integers [N] or [N, 1], else targets.

        Raises:
            InputError: of another type, or not of one length.
        """
        labels = targets = None
        if y is not None and y.ndim and y.dtype.kind in "iu" and y.size == len(y):
            labels = npz.labels_of(y.reshape(len(y), -1), name).astype(np.int64)
        elif y is not None:
            targets = _targets(y, name)
        groups = None if group is None else _groups(group, name)
        return cls(x, labels, targets, groups, name=name)

    def head(self, limit: int | None) -> Samples:
        """The first ``limit`` samples, or all."""
        if limit is None:
            return self
        arrays = (self.y, self.targets, self.groups, self.given)
        y, targets, groups, given = (None if array is None else array[:limit] for array in arrays)
        return replace(self, x=self.x[:limit], y=y, targets=targets, groups=groups, given=given)

    @property
    def others(self) -> tuple[np.ndarray, ...]:
        """What is known beside the bytes of the device and the labels: it tells data sets apart as well."""
        found = (self.targets, self.groups, self.given)
        return tuple(array for array in found if array is not None)


def _targets(y: np.ndarray, where: str) -> np.ndarray:
    if y.ndim == 0 or y.dtype.name not in ("float32", "float64", "int8", "uint8"):
        raise InputError(
            f"y must be labels, integers [N], or targets, float32, int8 or uint8 [N, ..], not {y.dtype}{list(y.shape)}",
            where=where,
        )
    if y.dtype.kind == "f" and not (np.abs(y) <= np.finfo(np.float32).max).all():
        raise InputError("there are targets that are not finite numbers of float32", where=where)
    return y


def _groups(group: np.ndarray, where: str) -> np.ndarray:
    if group.ndim != 1 or group.dtype.kind not in "iu":
        raise InputError(f"groups must be integers [N], not {group.dtype}{list(group.shape)}", where=where)
    return group.astype(np.int64)


def load(source: str, split: str = "test", limit: int | None = None) -> Samples:
    """Loads samples: what :func:`edge_snn.data.sources.load` knows, and ``.npz`` files of any numbers.

    An ``.npz`` has ``x``, and may have ``y`` (labels or targets) and ``group``; or the same names with ``_train`` and
    ``_test``.

    Raises:
        InputError: no such data set, or a damaged one.
    """
    path = Path(source)
    if source in sources.NAMES or path.is_dir() or not (path.suffix == ".npz" or path.exists()):
        return Samples.of(sources.load(source, split, limit))
    for names in (tuple(f"{name}_{split}" for name in MEMBERS), MEMBERS):
        arrays = npz.read(path, names, limit)
        if names[0] in arrays:
            x, y, group = (arrays.get(name) for name in names)
            assert x is not None
            return Samples.of_arrays(x, y, group, path.name)
    raise InputError(f"has neither x_{split} nor x", where=source)


def of(given: Given, split: str = "test", limit: int | None = None) -> Samples:
    """Samples of whatever holds some; the first ``limit``, or all.

    Raises:
        InputError: see :func:`load` and :class:`Samples`.
    """
    if isinstance(given, (str, Path)):
        return load(str(given), split, limit).head(limit)
    if isinstance(given, (Dataset, Samples)):
        return Samples.of(given).head(limit)
    return (Samples.of_arrays(*given) if isinstance(given, tuple) else Samples.of_arrays(given)).head(limit)


def fit(samples: Samples, takes: Border, shape: tuple[int, int, int], classes: tuple[str, ...]) -> Samples:
    """Brings samples to a model's input, and their labels to the numbering of its classes.

    Numbers of the file's own type are encoded as TFLite does it. uint8 images are codes as they are, wherever the file
    takes 8 bits; of whole multiples of its size each pixel is the mean of a block. float32 is quantised with the
    input's scale.

    Args:
        takes: numbers that the model's file takes.
        shape: of the edge that they enter on.

    Raises:
        InputError: another shape or type.
    """
    x = samples.x
    if takes.dtype == "uint8" and takes.scale == 1.0 and takes.zero == 0 and x.dtype != np.uint8:
        npz.images_of(x, samples.name)  # says how to make pixels of them
    name = samples.name
    pictures = x.dtype == np.uint8 and takes.dtype != "float32" and len(takes.sample_shape) == 3
    if pictures and x.ndim == 3 and shape[2] == 1:
        x = x[..., None]
    if pictures and x.ndim == 4 and x.shape[1:] != takes.sample_shape:
        small = averaged(x, shape, name)
        name, x = name if small is x else f"{name} ({shape[0]}x{shape[1]})", small
    codes = _codes(_shaped(x, takes, name), takes, name).reshape(-1, *shape)
    y, names = samples.y, samples.classes
    if y is not None and is_named_otherwise(names, classes):
        y, names = renumbered(y, names, classes, samples.name), classes
    given = None if x.dtype == np.uint8 else x
    return replace(samples, x=codes, y=y, classes=names, name=name, given=given)


def _shaped(x: np.ndarray, takes: Border, where: str) -> np.ndarray:
    """[N, *shape] of the file's input; axes of one number may be missing, or all numbers of a sample lie in a row."""
    shape = takes.sample_shape
    mine, want = ([size for size in dims if size != 1] for dims in (x.shape[1:], shape))
    if mine == want or x.shape[1:] == (math.prod(shape),):
        return x.reshape(len(x), *shape)
    got, wanted = ("x".join(map(str, dims)) for dims in (x.shape[1:], shape))
    raise InputError(f"samples are {got} {x.dtype}, the model takes {wanted} {takes.dtype}", where=where)


def _codes(x: np.ndarray, takes: Border, where: str) -> np.ndarray:
    """Codes of numbers of any of the three types."""
    kind = x.dtype.name
    if kind == "uint8" and (takes.dtype != "float32" or (takes.scale == 1.0 and takes.zero == 0)):
        return x  # of whole numbers from 0 on in steps of 1 the code is the number, too
    if kind == "float32" and takes.dtype != "float32":
        takes = replace(takes, dtype="float32")
    elif kind != takes.dtype:
        hint = "x.astype(numpy.float32), in the units that it was trained on" if takes.dtype == "float32" else ""
        raise InputError(f"samples are {kind}, the model takes {takes.dtype}", where=where, hint=hint)
    try:
        return takes.encode(x)
    except InputError as error:
        raise InputError(error.diagnostic.reason, where=where) from error
