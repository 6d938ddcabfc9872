"""A folder of images: one sub-folder a class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_snn.data.dataset import Dataset
from edge_snn.errors import InputError
from edge_snn.files import need_file

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm")
MAX_PIXELS = 4096 * 4096
# Pillow clips these to 255 instead of scaling them.
DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")


def _is_label(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= 9


def read(path: Path, limit: int | None = None) -> Dataset:
    """Reads ``path/CLASS/*.png`` (or jpg, bmp, pgm, ppm); classes in the order of their names.

    Sub-folders named 0, 1, 2 .. are labels by number. One image of each class comes after the other, so that the
    first N are of all classes.

    Args:
        limit: read only so many images.

    Raises:
        InputError: no image, images of different shapes, or a file that is not an image.
    """
    folders = sorted(item for item in path.iterdir() if item.is_dir())
    if not folders:
        raise InputError("has no sub-folder; one a class is expected", where=str(path))
    numbered = all(_is_label(folder.name) for folder in folders)
    if numbered:
        folders.sort(key=lambda folder: int(folder.name))
    found: list[tuple[int, int, Path]] = []
    for position, folder in enumerate(folders):
        files = sorted(item for item in folder.iterdir() if item.suffix.lower() in SUFFIXES)
        label = int(folder.name) if numbered else position
        found += [(turn, label, file) for turn, file in enumerate(files)]
    if not found:
        raise InputError(f"has no image ({', '.join(SUFFIXES)})", where=str(path))
    found.sort(key=lambda item: item[0])
    first = _pixels(found[0][2])
    images = np.empty((len(found[:limit]), *first.shape), np.uint8)
    for index, (_, _, file) in enumerate(found[:limit]):
        array = _pixels(file)
        if array.shape != first.shape:
            raise InputError(f"is {array.shape}, the first image is {first.shape}", where=str(file))
        images[index] = array
    classes = () if numbered else tuple(folder.name for folder in folders)
    return Dataset(images, np.array([label for _, label, _ in found[:limit]], np.int64), classes, path.name)


def _pixels(file: Path) -> np.ndarray:
    """One image, uint8 [height, width, channels]."""
    from PIL import Image

    need_file(file)
    try:
        with Image.open(file) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise InputError("image is too large", where=str(file))
            if picture.mode in DEEP:
                raise InputError("has more than 8 bits a pixel", where=str(file), hint="store 0..255")
            array = np.asarray(picture.convert("L" if picture.mode in ("1", "L") else "RGB"))
    except InputError:
        raise
    except Exception as error:  # Pillow's readers share no base class: a broken PNG is a SyntaxError
        raise InputError("not an image, or a damaged one", where=str(file)) from error
    return array[..., None] if array.ndim == 2 else array
