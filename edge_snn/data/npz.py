"""Images and labels from ``.npz`` archives, which are not trusted: no pickle, sizes first."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

from edge_snn.errors import InputError
from edge_snn.files import need_file

MAX_BYTES = 8 << 30
# Zip packs at best 1:1032. Real images of any size stay below 1:50, so a large member beyond this is a bomb.
MAX_RATIO = 200
FREE_BYTES = 64 << 20


def _header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> None:
    """Checks the .npy header of a member against its size, so that reading it cannot surprise."""
    with archive.open(entry) as stream:
        try:
            version = npy_format.read_magic(stream)
            reader = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
            shape, _, dtype = reader(stream)
        except (ValueError, KeyError, SyntaxError, RecursionError) as error:
            raise InputError(f"member {entry.filename[:60]!r} is not a numpy array", where=where) from error
        begin = stream.tell()
    if dtype.hasobject:
        raise InputError(f"member {entry.filename[:60]!r} holds Python objects, which are never loaded", where=where)
    count = 1
    for dim in shape:
        count *= int(dim)
    if begin + count * dtype.itemsize != entry.file_size:
        raise InputError(f"member {entry.filename[:60]!r} is truncated or damaged", where=where)
    if entry.file_size > max(FREE_BYTES, min(MAX_BYTES, MAX_RATIO * entry.compress_size)):
        raise InputError(f"member {entry.filename[:60]!r} is implausibly large", where=where)


def read(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Returns the members ``names`` that the archive has.

    Raises:
        InputError: not an archive of arrays, damaged, or holding Python objects.
    """
    where = str(path)
    need_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            wanted = [name for name in names if f"{name}.npy" in entries]
            arrays = {}
            for name in wanted:
                _header(archive, entries[f"{name}.npy"], where)
                with archive.open(entries[f"{name}.npy"]) as stream:
                    arrays[name] = npy_format.read_array(stream, allow_pickle=False)
            return arrays
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=where) from error
    except InputError:
        raise
    except Exception as error:  # zipfile, zlib and numpy share no base class for damaged content
        raise InputError(f"not an .npz archive, or a damaged one ({type(error).__name__})", where=where) from error


def images_of(array: np.ndarray, where: str) -> np.ndarray:
    """Images [N, H, W] or [N, H, W, C] as [N, H, W, C]; InputError for anything else."""
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.dtype != np.uint8:
        raise InputError(
            f"images must be uint8 [N, height, width] or [N, height, width, channels], "
            f"not {array.dtype}{list(array.shape)}",
            where=where,
        )
    return array


def labels_of(array: np.ndarray, where: str) -> np.ndarray:
    """Labels [N] or [N, 1] of integers as [N]; InputError for anything else."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(f"labels must be integers [N], not {array.dtype}{list(array.shape)}", where=where)
    return array
