"""A folder of images: one sub-folder a class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_snn.data.dataset import Dataset
from edge_snn.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm")
MAX_PIXELS = 4096 * 4096
# Pillow clips these to 255 instead of scaling them.
DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")


def _is_label(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= 9


def read(path: Path) -> Dataset:
    """Reads ``path/CLASS/*.png`` (or jpg, bmp, pgm, ppm); classes in the order of their names.

    Sub-folders named 0, 1, 2 .. are labels by number. One image of each class comes after the other, so that the
    first N are of all classes.

    Raises:
        InputError: no image, images of different shapes, or a file that is not an image.
    """
    from PIL import Image

    folders = sorted(item for item in path.iterdir() if item.is_dir())
    if not folders:
        raise InputError("has no sub-folder; one a class is expected", where=str(path))
    numbered = all(_is_label(folder.name) for folder in folders)
    if numbered:
        folders.sort(key=lambda folder: int(folder.name))
    images: list[np.ndarray] = []
    labels: list[int] = []
    turns: list[int] = []
    for position, folder in enumerate(folders):
        files = sorted(item for item in folder.iterdir() if item.suffix.lower() in SUFFIXES)
        for turn, file in enumerate(files):
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
            array = array[..., None] if array.ndim == 2 else array
            if images and array.shape != images[0].shape:
                raise InputError(f"is {array.shape}, the first image is {images[0].shape}", where=str(file))
            images.append(array)
            labels.append(int(folder.name) if numbered else position)
            turns.append(turn)
    if not images:
        raise InputError(f"has no image ({', '.join(SUFFIXES)})", where=str(path))
    classes = () if numbered else tuple(folder.name for folder in folders)
    order = np.argsort(turns, kind="stable")
    return Dataset(np.stack(images)[order], np.array(labels, np.int64)[order], classes, path.name)
