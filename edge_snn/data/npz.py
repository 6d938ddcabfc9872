"""Images and labels from ``.npz`` archives, which are not trusted: no pickle, sizes first."""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

from edge_snn.errors import InputError
from edge_snn.files import need_file

MAX_BYTES = 8 << 30
# Zip packs at best 1:1032. Real images of any size stay below 1:50, so a large member beyond this is a bomb.
MAX_RATIO = 200
FREE_BYTES = 64 << 20
CHUNK = 1 << 20
FEWER = "keep fewer images in it, or read only the first ones (--limit)"


@dataclass(frozen=True)
class _Member:
    """What the .npy header of a member says, checked against the member's size.

    Attributes:
        begin: bytes of the header.
        packed: bytes in the archive.
    """

    entry: zipfile.ZipInfo
    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype
    begin: int
    packed: int

    def rows(self, limit: int | None) -> int:
        """How many entries of the first axis are read; all where they do not lie one after the other."""
        if not self.shape or limit is None or self.fortran_order:
            return self.shape[0] if self.shape else 1
        return min(limit, self.shape[0])


def _header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> _Member:
    """Reads the .npy header of a member, so that reading the rest cannot surprise."""
    with archive.open(entry) as stream:
        try:
            version = npy_format.read_magic(stream)
            reader = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
            shape, fortran_order, dtype = reader(stream)
        except (ValueError, KeyError, SyntaxError, RecursionError) as error:
            raise InputError(f"member {entry.filename[:60]!r} is not a numpy array", where=where) from error
        begin = stream.tell()
    if dtype.hasobject:
        raise InputError(f"member {entry.filename[:60]!r} holds Python objects, which are never loaded", where=where)
    if begin + math.prod(map(int, shape)) * dtype.itemsize != entry.file_size:
        raise InputError(f"member {entry.filename[:60]!r} is truncated or damaged", where=where)
    return _Member(entry, tuple(map(int, shape)), fortran_order, dtype, begin, entry.compress_size)


def _read(archive: zipfile.ZipFile, member: _Member, limit: int | None, where: str) -> np.ndarray:
    """The first entries of a member; its size is checked before memory is taken for it."""
    rows = member.rows(limit)
    shape = (rows, *member.shape[1:]) if member.shape else ()
    size = math.prod(shape) * member.dtype.itemsize
    name = member.entry.filename[:60]
    if size > max(FREE_BYTES, min(MAX_BYTES, MAX_RATIO * member.packed)):
        raise InputError(f"member {name!r} is implausibly large", where=where, hint=FEWER)
    array = np.empty(shape, member.dtype, order="F" if member.fortran_order else "C")
    room, done = array.reshape(-1, order="A").view(np.uint8), 0
    with archive.open(member.entry) as stream:
        stream.read(member.begin)
        while done < size:
            piece = stream.read(min(CHUNK, size - done))
            if not piece:
                raise InputError(f"member {name!r} is truncated or damaged", where=where)
            room[done : done + len(piece)] = np.frombuffer(piece, np.uint8)
            done += len(piece)
        if rows == (member.shape[0] if member.shape else 1):
            stream.read(1)  # at its end the checksum is compared
    return array[:limit] if member.shape else array


def read(path: Path, names: tuple[str, ...], limit: int | None = None) -> dict[str, np.ndarray]:
    """Returns the members ``names`` that the archive has.

    Args:
        limit: read only so many entries of the first axis, and no more of the file than it takes.

    Raises:
        InputError: not an archive of arrays, damaged, holding Python objects, two members of one name or, with a
            limit, members of different lengths.
    """
    where = str(path)
    need_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            if len(entries) != len(archive.infolist()):
                raise InputError("two members of the archive have one name", where=where)
            wanted = [name for name in names if f"{name}.npy" in entries]
            members = {name: _header(archive, entries[f"{name}.npy"], where) for name in wanted}
            if limit is not None and len({member.shape[:1] for member in members.values()}) > 1:
                counts = ", ".join(f"{name} {list(member.shape)}" for name, member in members.items())
                raise InputError(f"its members are not of one length: {counts}", where=where)
            return {name: _read(archive, member, limit, where) for name, member in members.items()}
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=where) from error
    except InputError:
        raise
    except MemoryError as error:
        raise InputError("is larger than the memory here", where=where, hint=FEWER) from error
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
            hint=_cast(array),
        )
    return array


def _cast(array: np.ndarray) -> str:
    """How to make uint8 pixels of an array of another type."""
    if array.dtype.kind in "iub" and array.dtype != np.uint8:
        return "where its values are 0..255: x.astype(numpy.uint8)"
    if array.dtype.kind == "f":
        return "of values 0..1: (x * 255).round().astype(numpy.uint8); of 0..255: x.round().astype(numpy.uint8)"
    return ""


def labels_of(array: np.ndarray, where: str) -> np.ndarray:
    """Labels [N] or [N, 1] of integers as [N]; InputError for anything else."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(f"labels must be integers [N], not {array.dtype}{list(array.shape)}", where=where)
    return array
