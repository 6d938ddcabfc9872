"""The model file ``.esnn``: a JSON manifest and raw tensors in one zip. Specified in docs/esnn.md.

The identity of a model is the SHA-256 of its manifest in canonical form; the manifest holds the SHA-256
of every tensor, so it covers all content. ``provenance.json`` lies beside it and is not covered.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from edge_snn.errors import InputError
from edge_snn.files import need_file, parse_json, writing
from edge_snn.graph.border import Border
from edge_snn.graph.checks import MAX_ELEMENTS
from edge_snn.graph.facts import Bounds, Early, EdgeFacts
from edge_snn.graph.graph import OPS, Graph
from edge_snn.graph.manifest import CODES, DTYPES, FORMAT, PIXELS, VERSION, canonical, encode
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.node import INTEGER, Node
from edge_snn.graph.tensor import Kind, TensorSpec

MAX_MANIFEST_BYTES = 8 << 20
MAX_MEMBERS = 20000
MAX_TOTAL_BYTES = 1 << 30
_EPOCH = (1980, 1, 1, 0, 0, 0)  # fixed, so that equal models are equal files


def save(model: IntegerModel, path: Path) -> None:
    """Writes ``path``, aside first and renamed when whole. Equal models give equal bytes.

    Raises:
        InputError: the folder cannot be written.
    """
    manifest, members = encode(model)
    files = {
        "manifest.json": canonical(manifest),
        "provenance.json": canonical(dict(model.provenance)),
        **members,
    }
    with writing(path) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)


def load(path: Path | str) -> IntegerModel:
    """Reads and checks a model file; nothing in it is trusted.

    Raises:
        InputError: not a file, not such a file, an unknown version or field, or damaged content.
    """
    need_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _Reader(archive, str(path)).model()
    except InputError as error:
        if error.diagnostic.where.startswith(str(path)):
            raise
        where = f"{path}: {error.diagnostic.where}" if error.diagnostic.where else str(path)
        raise InputError(error.diagnostic.reason, where=where, hint=error.diagnostic.hint) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(
            "not an .esnn model file, or a damaged one",
            where=str(path),
            hint="make one with: edge-snn convert",
        ) from error
    except ValueError as error:
        raise InputError(f"damaged model file ({str(error)[:80]})", where=str(path)) from error
    except Exception as error:  # zlib.error and struct.error of a damaged archive have no common base
        if type(error).__module__ in ("zlib", "struct", "_struct"):
            raise InputError("damaged archive", where=str(path)) from error
        raise


def _take(document: Any, where: str, required: Mapping[str, type], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """Checks that ``document`` has just the fields wanted, of the types wanted, and returns it."""
    if not isinstance(document, dict):
        raise InputError("must be a JSON object", where=where)
    for key, kind in required.items():
        value = document.get(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise InputError(f"field {key!r} is missing or not of type {kind.__name__}", where=where)
    unknown = sorted(set(document) - set(required) - set(optional))
    if unknown:
        raise InputError(
            f"unknown field {unknown[0][:60]!r}", where=where, hint="made by a newer version? update edge_snn"
        )
    return document


class _Reader:
    """One pass over one archive; sizes are checked before anything is unpacked."""

    def __init__(self, archive: zipfile.ZipFile, where: str) -> None:
        entries = archive.infolist()
        if len(entries) > MAX_MEMBERS or sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTES:
            raise InputError("the archive is larger than any model", where=where)
        self._archive = archive
        self._sizes = {entry.filename: entry.file_size for entry in entries}
        if len(self._sizes) != len(entries):
            raise InputError("two members of the archive have one name", where=where)
        self._used = {"manifest.json", "provenance.json"}

    def _json(self, name: str) -> Any:
        if self._sizes.get(name, MAX_MANIFEST_BYTES + 1) > MAX_MANIFEST_BYTES:
            raise InputError(f"{name} is missing or too large", hint="is it an .esnn file?")
        return parse_json(self._archive.read(name), name)

    def _tensor(self, document: Any, where: str) -> np.ndarray:
        entry = _take(document, where, {"file": str, "dtype": str, "shape": list, "sha256": str})
        shape, name = entry["shape"], entry["file"]
        if entry["dtype"] not in DTYPES:
            raise InputError(f"unknown dtype {entry['dtype'][:20]!r}", where=where)
        if len(shape) > 4 or not all(type(dim) is int and 0 < dim <= MAX_ELEMENTS for dim in shape):
            raise InputError("a tensor has an impossible shape", where=where)
        dtype = np.dtype(DTYPES[entry["dtype"]])
        count = 1
        for dim in shape:
            count *= dim
        if count > MAX_ELEMENTS or self._sizes.get(name) != count * dtype.itemsize:
            raise InputError(f"tensor {name[:60]!r} is missing or not of the size its shape asks for", where=where)
        self._used.add(name)
        data = self._archive.read(name)
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise InputError(f"tensor {name[:60]!r} is damaged: its SHA-256 differs", where=where)
        array = np.frombuffer(data, dtype).astype(entry["dtype"]).reshape(shape)
        array.setflags(write=False)
        return array

    def _node(self, document: Any, index: int) -> Node:
        where = f"node {index}"
        kinds = {"op": str, "name": str, "inputs": list, "attributes": dict, "tensors": dict}
        entry = _take(document, where, kinds)
        cls = OPS.get(entry["op"])
        if cls is None:
            raise InputError(
                f"unknown operation {entry['op'][:60]!r}",
                where=where,
                hint="made by a newer version? update edge_snn",
            )
        known = {item.name for item in fields(cls)} - {"name", "inputs"}
        values: dict[str, Any] = {}
        for key, value in entry["attributes"].items():
            values[key] = tuple(value) if isinstance(value, list) else value
        for key, value in entry["tensors"].items():
            values[key] = self._tensor(value, f"{where} {key[:40]}")
        for key in values:
            if key not in known:
                raise InputError(f"unknown field {key[:60]!r} of operation {cls.op}", where=where)
        try:
            return cls(name=entry["name"], inputs=tuple(entry["inputs"]), **values)
        except TypeError as error:
            raise InputError(f"operation {cls.op} lacks a field or has one of a wrong type", where=where) from error

    def model(self) -> IntegerModel:
        manifest = self._json("manifest.json")
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise InputError("not an .esnn manifest")
        if manifest.get("version") != VERSION:
            raise InputError(
                f"format version {str(manifest.get('version'))[:20]}, this program reads {VERSION}",
                hint="convert the model again, or update edge_snn",
            )
        kinds: dict[str, type] = {"format": str, "version": int, "name": str, "timesteps": int, "input": dict}
        kinds |= {"classes": list, "nodes": list, "edges": dict, "accumulators": dict}
        _take(manifest, "manifest.json", kinds, ("early", "output"))
        image = manifest["input"]
        borders = _borders(image, manifest.get("output"))
        graph = Graph(
            name=manifest["name"],
            timesteps=manifest["timesteps"],
            image=TensorSpec(tuple(image["shape"]), Kind.PIXELS, static=True),
            nodes=tuple(self._node(item, index) for index, item in enumerate(manifest["nodes"])),
            domain=INTEGER,
        )
        edges = {name: self._edge(name, item, graph.specs) for name, item in manifest["edges"].items()}
        model = IntegerModel(
            graph=graph,
            edges=edges,
            accumulators={name: _bounds(item, name) for name, item in manifest["accumulators"].items()},
            classes=tuple(manifest["classes"]),
            provenance=self._provenance(),
            early=_early(manifest["early"]) if "early" in manifest else None,
            borders=borders,
        )
        stray = sorted(set(self._sizes) - self._used)
        if stray:
            raise InputError(f"the archive holds {stray[0][:60]!r}, which the manifest does not name")
        if hashlib.sha256(self._archive.read("manifest.json")).hexdigest() != model.sha256:
            raise InputError(
                "the manifest says the same as another one in other words, so its identity is not that of its content",
                where="manifest.json",
                hint="write it in canonical form, with every attribute, and number the tensors in order (docs/esnn.md)",
            )
        return model

    def _edge(self, name: str, document: Any, specs: Mapping[str, TensorSpec]) -> EdgeFacts:
        kinds = {"shape": list, "kind": str, "static": bool, "bounds": list, "scale": dict}
        entry = _take(document, f"edge {name[:60]}", kinds, ("order",))
        order = entry.get("order", [])
        if not isinstance(order, list):
            raise InputError("order must be a list of time steps", where=name[:60])
        spec = specs.get(name)
        if spec is None or (list(spec.shape), spec.kind.value, spec.static) != (
            entry["shape"],
            entry["kind"],
            entry["static"],
        ):
            raise InputError("the edge is not what its node makes", where=name[:60])
        return EdgeFacts(_bounds(entry["bounds"], name), self._tensor(entry["scale"], name[:60]), tuple(order))

    def _provenance(self) -> dict[str, Any]:
        if "provenance.json" not in self._sizes:
            return {}
        document = self._json("provenance.json")
        if not isinstance(document, dict):
            raise InputError("provenance.json must be a JSON object")
        return document


def _borders(entry: Any, made: Any) -> tuple[Border, Border] | None:
    """What numbers enter a network of codes, and what it makes; None of a network of spikes."""
    kinds: dict[str, type] = {"edge": str, "shape": list, "encoding": str, "dtype": str}
    if made is None:
        _take(entry, "input", kinds)
        if (entry["edge"], entry["encoding"], entry["dtype"]) != ("input", PIXELS["encoding"], PIXELS["dtype"]):
            raise InputError("only a static uint8 image on edge 'input' is supported", where="input")
        return None
    numbers: dict[str, type] = {"dtype": str, "scale": float, "zero": int, "numbers": list}
    _take(entry, "input", kinds | numbers)
    if (entry["edge"], entry["encoding"]) != ("input", CODES):
        raise InputError("the input of a network of codes must be codes on edge 'input'", where="input")
    ends = (entry, _take(made, "output", numbers))
    first, last = (Border(end["dtype"], end["scale"], end["zero"], tuple(end["numbers"])) for end in ends)
    return first, last


def _early(document: Any) -> Early:
    return Early(**_take(document, "early", {"timesteps": int, "margin": int}))


def _bounds(document: Any, where: str) -> Bounds:
    if not isinstance(document, list) or len(document) != 2:
        raise InputError("bounds must be two integers", where=where[:60])
    return Bounds(*document)
