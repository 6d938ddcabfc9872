"""IDX files of the MNIST family, plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from edge_snn.errors import InputError
from edge_snn.files import need_file

MAX_BYTES = 1 << 30
UNSIGNED_BYTE = 0x08


def read(path: Path, limit: int | None = None) -> np.ndarray:
    """Returns the array of an IDX file of unsigned bytes.

    Args:
        limit: read only so many entries of the first axis.

    Raises:
        InputError: missing, damaged, or of another element type.
    """
    where = str(path)
    need_file(path)
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as stream:
            head = stream.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] != UNSIGNED_BYTE or not 1 <= head[3] <= 4:
                raise InputError("not an IDX file of unsigned bytes", where=where)
            dims = struct.unpack(f">{head[3]}I", stream.read(4 * head[3]))
            size = math.prod(dims)
            if size == 0:
                raise InputError("is empty: a dimension of its header is 0", where=where)
            if size > MAX_BYTES:
                raise InputError(f"claims {size} bytes, more than any data set of its kind", where=where)
            if limit is not None and limit < dims[0]:
                dims = (limit, *dims[1:])
                size = math.prod(dims)
                data = stream.read(size)
            else:
                data = stream.read(size + 1)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise InputError(f"cannot be read, or is damaged ({type(error).__name__})", where=where) from error
    if len(data) != size:
        raise InputError(f"holds {len(data)} bytes where its header says {size}", where=where)
    return np.frombuffer(data, np.uint8).reshape(dims)
