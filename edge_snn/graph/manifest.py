"""The manifest of a model file: what a model is, in one wording; its SHA-256 is the model's identity (docs/esnn.md).

It holds the SHA-256 of every tensor, so that the identity covers all content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Protocol

import numpy as np

from edge_snn.graph.border import Border
from edge_snn.graph.facts import Bounds, Early, EdgeFacts
from edge_snn.graph.graph import Graph

FORMAT = "esnn"
VERSION = 1
PIXELS = {"encoding": "static", "dtype": "uint8"}  # what enters a network of spikes
CODES = "codes"  # encoding of what enters a network of codes
DTYPES = {"int8": "<i1", "uint8": "<u1", "int32": "<i4", "float64": "<f8"}


class Content(Protocol):
    """What of a model is covered by its identity; see :class:`edge_snn.graph.model.IntegerModel`."""

    @property
    def graph(self) -> Graph: ...

    @property
    def edges(self) -> Mapping[str, EdgeFacts]: ...

    @property
    def accumulators(self) -> Mapping[str, Bounds]: ...

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def early(self) -> Early | None: ...

    @property
    def borders(self) -> tuple[Border, Border] | None: ...


def canonical(document: Any) -> bytes:
    """The one wording of a JSON document that counts: sorted keys, no white space, ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def encode(model: Content) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Returns the manifest and the tensors' bytes by member name."""
    members: dict[str, bytes] = {}

    def store(array: np.ndarray) -> dict[str, Any]:
        data = np.ascontiguousarray(array).astype(DTYPES[array.dtype.name]).tobytes()
        name = f"tensors/{len(members):04d}.bin"
        members[name] = data
        digest = hashlib.sha256(data).hexdigest()
        return {"file": name, "dtype": array.dtype.name, "shape": list(array.shape), "sha256": digest}

    def attribute(value: Any) -> Any:
        return list(value) if isinstance(value, tuple) else value

    nodes = []
    for node in model.graph.nodes:
        own = {item.name: getattr(node, item.name) for item in fields(node) if item.name not in ("name", "inputs")}
        tensors = {key: store(value) for key, value in own.items() if isinstance(value, np.ndarray)}
        attributes = {key: attribute(value) for key, value in own.items() if key not in tensors and value is not None}
        nodes.append(
            {
                "op": node.op,
                "name": node.name,
                "inputs": list(node.inputs),
                "attributes": attributes,
                "tensors": tensors,
            }
        )
    edges = {}
    for name, spec in model.graph.specs.items():
        facts = model.edges[name]
        edges[name] = {
            "shape": list(spec.shape),
            "kind": spec.kind.value,
            "static": spec.static,
            "bounds": [facts.bounds.low, facts.bounds.high],
            "scale": store(facts.scale),
            **({"order": list(facts.order)} if facts.order else {}),
        }
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "name": model.graph.name,
        "timesteps": model.graph.timesteps,
        "input": {
            "edge": "input",
            "shape": list(model.graph.image.shape),
            **({"encoding": CODES, **_border(model.borders[0])} if model.borders else PIXELS),
        },
        **({"output": _border(model.borders[1])} if model.borders else {}),
        "classes": list(model.classes),
        "nodes": nodes,
        "edges": edges,
        "accumulators": {name: [item.low, item.high] for name, item in model.accumulators.items()},
        **({"early": asdict(model.early)} if model.early else {}),
    }
    return manifest, members


def _border(border: Border) -> dict[str, Any]:
    return {"dtype": border.dtype, "scale": border.scale, "zero": border.zero, "numbers": list(border.shape)}


def identity(model: Content) -> str:
    """SHA-256 of the canonical manifest, 64 hex digits."""
    return hashlib.sha256(canonical(encode(model)[0])).hexdigest()
