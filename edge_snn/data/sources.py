"""Finds a data set by name, file or folder."""

from __future__ import annotations

import hashlib
import importlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_snn.data import folder, idx, npz
from edge_snn.data.dataset import Dataset
from edge_snn.errors import InputError, ToolMissingError

FILES = Path(__file__).parent / "files"
DEBIAN_FASHION = Path("/usr/share/datasets/fashion-mnist")

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DIGITS_CLASSES = tuple(str(digit) for digit in range(10))

# Name -> (file in FILES, class names)
SHIPPED = {
    "fashion-mnist-1000": ("fashion_mnist_test_1000.npz", FASHION_CLASSES),
    "fashion-mnist-calibration": ("fashion_mnist_train_256.npz", FASHION_CLASSES),
}
NAMES = ("fashion-mnist", *SHIPPED, "cifar10", "cifar10-calibration", "digits")
CALIBRATION_IMAGES = 256


def load(source: str, split: str = "test", limit: int | None = None, root: Path | None = None) -> Dataset:
    """Loads a data set.

    Args:
        source: a name of :data:`NAMES`, an ``.npz`` file, or a folder with one sub-folder a class.
        split: "train" or "test"; shipped subsets and folders have one split only.
        limit: only the first images.
        root: folder of the Fashion-MNIST IDX files, when not Debian's.

    Raises:
        InputError: unknown name, missing or damaged file, wrong shape, dtype or label.
        ToolMissingError: a package that the data set needs is not installed.
    """
    if split not in ("train", "test"):
        raise InputError(f"split must be train or test, not {split[:20]!r}")
    if source in SHIPPED:
        name, classes = SHIPPED[source]
        arrays = npz.read(FILES / name, ("x", "y"), limit)
        return Dataset(arrays["x"], arrays["y"], classes, source)
    if source == "fashion-mnist":
        return _fashion(split, root, limit)
    if source == "cifar10":
        return _cifar10(split, limit)
    if source == "cifar10-calibration":
        return replace(_by_digest(_cifar10("train"), CALIBRATION_IMAGES), name=source).head(limit)
    if source == "digits":
        return _digits(split).head(limit)
    path = Path(source)
    if path.is_dir():
        return folder.read(path, limit)
    if path.suffix == ".npz" or path.exists():
        return from_npz([path], split, limit)
    raise InputError(
        "no such data set, file or folder",
        where=source[:200],
        hint=f"names: {', '.join(NAMES)}; or an .npz file",
    )


def from_npz(paths: list[Path], split: str, limit: int | None = None) -> Dataset:
    """Joins ``.npz`` files with ``x``, ``y`` or with ``x_train``, ``y_train``, ``x_test``, ``y_test``.

    Args:
        limit: read only so many images.
    """
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for path in paths:
        left = None if limit is None else limit - sum(len(x) for x, _ in parts)
        if left == 0:
            break
        arrays = npz.read(path, (f"x_{split}", f"y_{split}"), left) or npz.read(path, ("x", "y"), left)
        if len(arrays) < 2:
            raise InputError(f"has neither x_{split} and y_{split} nor x and y", where=str(path))
        x, y = arrays.values()
        parts.append((npz.images_of(x, str(path)), npz.labels_of(y, str(path))))
        if parts[-1][0].shape[1:] != parts[0][0].shape[1:]:
            raise InputError("its images have another shape than those of the first file", where=str(path))
    if len(parts) == 1:  # joined they would be held twice
        return Dataset(*parts[0], (), paths[0].name)
    return Dataset(np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts]), (), paths[0].name)


def _fashion(split: str, root: Path | None, limit: int | None) -> Dataset:
    place = root or Path(os.environ.get("EDGE_SNN_FASHION_MNIST", DEBIAN_FASHION))
    stem = "train" if split == "train" else "t10k"
    for suffix in (".gz", ""):
        images = place / f"{stem}-images-idx3-ubyte{suffix}"
        labels = place / f"{stem}-labels-idx1-ubyte{suffix}"
        if images.exists() and labels.exists():
            x, y = idx.read(images, limit), idx.read(labels, limit)
            if x.ndim != 3 or y.ndim != 1:
                raise InputError("is not a file of images with one of labels", where=str(images))
            return Dataset(x[..., None], y, FASHION_CLASSES, "fashion-mnist")
    if root is not None:
        raise InputError(f"holds no {stem}-images-idx3-ubyte(.gz) with its labels", where=str(root))
    return _keras("fashion_mnist", split, FASHION_CLASSES).head(limit)


def _cifar10(split: str, limit: int | None = None) -> Dataset:
    """The ``.npz`` with x_train, y_train, x_test, y_test in the variable EDGE_SNN_CIFAR10, or Keras's download."""
    place = os.environ.get("EDGE_SNN_CIFAR10")
    if place:
        return replace(from_npz([Path(place)], split, limit), classes=CIFAR10_CLASSES, name="cifar10")
    return _keras("cifar10", split, CIFAR10_CLASSES).head(limit)


def _by_digest(dataset: Dataset, count: int) -> Dataset:
    """The ``count`` images of smallest SHA-256: the same ones in whatever order a copy of the data set has them.

    CIFAR-10 names no licence, so no image of it can ship; this is how others find those that were used.
    """
    keys = [(hashlib.sha256(image.tobytes()).digest(), label) for image, label in zip(dataset.x, dataset.y.tolist())]
    first = sorted(range(len(keys)), key=keys.__getitem__)[:count]
    return replace(dataset, x=dataset.x[first], y=dataset.y[first])


def _keras(module: str, split: str, classes: tuple[str, ...]) -> Dataset:
    try:
        loader = importlib.import_module(f"keras.datasets.{module}")
    except ImportError as error:
        hint = "apt-get install dataset-fashion-mnist, or " if module == "fashion_mnist" else ""
        raise ToolMissingError(
            f"the data set {module} needs Keras to download it",
            hint=f"{hint}pip install 'edge-snn[train]', or give an .npz file",
        ) from error
    try:
        train, test = loader.load_data()
    except Exception as error:  # Keras raises bare Exception when the download fails
        raise InputError(f"could not be downloaded ({str(error)[:100]})", where=module) from error
    x, y = train if split == "train" else test
    return Dataset(npz.images_of(x, module), npz.labels_of(y, module), classes, module.replace("_", "-"))


def _digits(split: str) -> Dataset:
    """scikit-learn's 1,797 digits of 8x8; pixels 0..16 become 0..255; the last 360 are the test split."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ToolMissingError("the digits need scikit-learn", hint="pip install scikit-learn") from error
    bunch = load_digits()
    pixels = np.minimum(bunch.images.astype(np.uint16) * 16, 255).astype(np.uint8)[..., None]
    part = slice(0, -360) if split == "train" else slice(-360, None)
    return Dataset(pixels[part], bunch.target[part].astype(np.int64), DIGITS_CLASSES, "digits")
