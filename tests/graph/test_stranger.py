"""docs/esnn.md and docs/numerics.md suffice: a reader written from them alone gets the same logits."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from edge_snn.anytime.run import run_model
from edge_snn.graph import esnn_file
from edge_snn.graph.facts import Early
from edge_snn.reference import run
from tests.graphs import random_model
from tests.networks import images, model

DTYPES = {"int8": "<i1", "int32": "<i4", "float64": "<f8"}


class Stranger:
    """Reads and runs a model file; every number is an int64, every edge [T, height, width, channels]."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}
        self.manifest = json.loads(self.members["manifest.json"])
        assert (self.manifest["format"], self.manifest["version"]) == ("esnn", 1)
        canonical = json.dumps(self.manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        self.identity = hashlib.sha256(canonical.encode()).hexdigest()

    def tensor(self, entry: dict) -> np.ndarray:
        data = self.members[entry["file"]]
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        return np.frombuffer(data, DTYPES[entry["dtype"]]).reshape(entry["shape"]).astype(np.int64)

    def logits(self, image: np.ndarray) -> list[int]:
        early = self.manifest.get("early")
        if early is not None:
            first = self.run(image, early["timesteps"])
            best, second = sorted(first, reverse=True)[:2]
            if best - second >= early["margin"]:
                return first
        return self.run(image, self.manifest["timesteps"])

    def run(self, image: np.ndarray, steps: int) -> list[int]:
        edges = {"input": np.repeat(image[None].astype(np.int64), steps, axis=0)}
        for node in self.manifest["nodes"]:
            tensors = {name: self.tensor(entry) for name, entry in node["tensors"].items()}
            inputs = [edges[name] for name in node["inputs"]]
            made = getattr(self, node["op"])(*inputs, **node["attributes"], **tensors)
            facts = self.manifest["edges"][node["name"]]
            if node["op"] == "readout":
                whole = self.manifest["timesteps"]
                bias = [round(Fraction(int(value) * steps, whole)) for value in tensors["bias"]]  # ties to even
                return (made - tensors["bias"] + np.array(bias)).tolist()
            assert made.shape[1:] == tuple(facts["shape"])
            assert facts["bounds"][0] <= made.min() <= made.max() <= facts["bounds"][1]
            edges[node["name"]] = made
        raise AssertionError("no readout")

    @staticmethod
    def windows(x, size, stride, padding, outside):
        top, left, bottom, right = padding
        padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=outside)
        rows = range(0, padded.shape[1] - size[0] + 1, stride[0])
        columns = range(0, padded.shape[2] - size[1] + 1, stride[1])
        return np.stack([np.stack([padded[:, r : r + size[0], c : c + size[1]] for c in columns], 1) for r in rows], 1)

    def conv2d(self, x, weight, bias, stride, padding):
        seen = self.windows(x, weight.shape[:2], stride, padding, 0)
        return np.einsum("trsabk,abkc->trsc", seen, weight) + bias

    def linear(self, x, weight, bias):
        return x @ weight + bias

    def neuron(self, x, threshold, leak_shifts, reset, polarity):
        residue, spikes = np.zeros_like(x[0]), []
        for current in x:
            u = residue + current
            s = (u >= threshold) * 1 - ((u <= -threshold) * 1 if polarity == "ternary" else 0)
            kept = {"zero": np.where(s == 0, u, 0), "subtract": u - threshold * s, "none": u}[reset]
            residue = sum((kept >> shift for shift in leak_shifts), np.zeros_like(kept))
            spikes.append(s)
        return np.stack(spikes)

    def relu(self, x, clip):
        return np.minimum(np.maximum(x, 0), clip)

    def add(self, a, b):
        return a + b

    def attention(self, q, k, v, heads, order, scale):
        steps, height, width, channels = q.shape
        q, k, v = (
            part.reshape(steps, height * width, heads, channels // heads).transpose(0, 2, 1, 3) for part in (q, k, v)
        )
        mixed = q @ k.transpose(0, 1, 3, 2) @ v
        return mixed.transpose(0, 2, 1, 3).reshape(steps, height, width, channels)

    def max_pool2d(self, x, size, stride, padding):
        return self.windows(x, size, stride, padding, -(1 << 40)).max(axis=(3, 4))

    def readout(self, x, weight, bias):
        return x.sum(axis=(0, 1, 2)) @ weight + bias


@pytest.mark.parametrize("made", [model(), *map(random_model, range(6))], ids=lambda made: made.sha256[:8])
def test_a_reader_written_from_the_documents_gets_the_same_logits(made, tmp_path):
    path = tmp_path / "m.esnn"
    esnn_file.save(made, path)
    reader = Stranger(path)
    assert reader.identity == made.sha256
    x = images(3, made.input_shape)
    assert [reader.logits(image) for image in x] == run(made.graph, x).logits.tolist()


@pytest.mark.parametrize("margin", [1, 400, 2**31 - 1])
def test_it_knows_early_answers_as_well(margin, tmp_path):
    made = replace(model(), early=Early(3, margin))
    esnn_file.save(made, tmp_path / "m.esnn")
    x = images(6, made.input_shape)
    assert [Stranger(tmp_path / "m.esnn").logits(image) for image in x] == run_model(made, x).logits.tolist()
