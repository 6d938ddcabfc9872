"""``.keras`` files, which are not trusted: an archive must be whole, and names only classes that carry no code."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from edge_snn.errors import InputError
from edge_snn.files import need_file, parse_json

MEMBERS = frozenset({"metadata.json", "config.json", "model.weights.h5"})
MAX_MEMBERS = 100
MAX_BYTES = 2 << 30
MAX_JSON_BYTES = 64 << 20
MAX_RATIO = 1000  # of a member's size to its packed size: beyond this an archive is a bomb
MAX_DEPTH = 200

# Keras looks classes up by module and name, so a file could name anything importable. These are enough.
MODULES = ("keras.", "edge_snn.models.")
REFUSED_CLASSES = ("Lambda", "__lambda__", "__bytes__", "TFSMLayer", "TorchModuleWrapper", "__typespec__")


def check(path: Path) -> None:
    """Raises InputError unless the archive is whole and names only classes of Keras and of this project."""
    where = str(path)
    need_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            if not MEMBERS.issubset(names):
                missing = ", ".join(sorted(MEMBERS.difference(names)))
                raise InputError(f"not a .keras file of Keras 3: it has no {missing}", where=where)
            if len(entries) > MAX_MEMBERS or len(set(names)) != len(names):
                raise InputError(f"has {len(entries)} members, or two of one name", where=where)
            for entry in entries:
                if entry.file_size > MAX_RATIO * max(entry.compress_size, 4096):
                    raise InputError(f"member {entry.filename[:60]!r} is implausibly large", where=where)
            if sum(entry.file_size for entry in entries) > MAX_BYTES:
                raise InputError(f"is larger than {MAX_BYTES >> 30} GB unpacked", where=where)
            damaged = archive.testzip()
            if damaged is not None:
                raise InputError(f"damaged .keras file: member {damaged[:60]!r} fails its checksum", where=where)
            if archive.getinfo("config.json").file_size > MAX_JSON_BYTES:
                raise InputError("its config.json is implausibly large", where=where)
            config = parse_json(archive.read("config.json"), where)
    except InputError:
        raise
    except Exception as error:  # zipfile, zlib and json share no base class for damaged content
        raise InputError(f"not a .keras file, or a damaged one ({type(error).__name__})", where=where) from error
    _check_classes(config, where)


def _check_classes(config: Any, where: str) -> None:
    """Walks the configuration: every class must come from Keras or from this project, and carry no code."""
    stack: list[tuple[Any, int]] = [(config, 0)]
    while stack:
        item, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise InputError("its config.json is nested implausibly deep", where=where)
        if isinstance(item, dict):
            module, name = item.get("module"), item.get("class_name")
            if module is not None and not (isinstance(module, str) and f"{module}.".startswith(MODULES)):
                raise InputError(
                    f"names a class of module {str(module)[:60]!r}; only Keras's own and edge_snn.models are loaded",
                    where=where,
                    hint="export that model to .tflite where it was made, and convert the .tflite",
                )
            if name in REFUSED_CLASSES:
                raise InputError(f"holds a {name!r}, which is code and never loaded", where=where)
            stack.extend((value, depth + 1) for value in item.values())
        elif isinstance(item, list):
            stack.extend((value, depth + 1) for value in item)
