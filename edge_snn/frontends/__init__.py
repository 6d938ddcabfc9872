"""Front ends: a trained model file becomes a float graph that was run against the file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends import keras_file, names, tflite_file
from edge_snn.frontends.execute import execute
from edge_snn.frontends.recognise import Recogniser
from edge_snn.frontends.verify import verify
from edge_snn.graph.graph import Graph

ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class FloatModel:
    """A recovered graph and how well it was checked.

    Attributes:
        graph: in the float domain.
        source_sha256: of the .tflite content.
        checked_inputs: images on which every spike agreed with the file; 0 if not checked.
        near_ties: spikes that differed within float rounding of the threshold.
    """

    graph: Graph
    source_sha256: str
    checked_inputs: int = 0
    near_ties: int = 0


def read(path: Path, check: bool = True, images: np.ndarray | None = None) -> FloatModel:
    """Reads a ``.tflite`` or ``.keras`` file.

    Args:
        check: run the recovered graph against the file (16 inputs, or ``images`` uint8 [B, H, W, C]).

    Raises:
        InputError: not such a model; names the first operator that cannot be taken.
        ToolMissingError: a .keras file, and TensorFlow is not installed.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
    except FileNotFoundError as error:
        raise InputError("no such file", where=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if head[:4] == ZIP:
        with tempfile.TemporaryDirectory(prefix="edge_snn_") as folder:
            exported = Path(folder) / f"{path.stem}.tflite"
            keras_file.export(path, exported)
            return _read_tflite(exported, check, images)
    return _read_tflite(path, check, images)


def _read_tflite(path: Path, check: bool, images: np.ndarray | None) -> FloatModel:
    file = tflite_file.load(path)
    recogniser = Recogniser(file)
    graph, renamed = names.rename(recogniser.run())
    if not check:
        return FloatModel(graph, file.sha256)
    tensor_of = {renamed[old]: tensor for old, tensor in recogniser.tensor_of.items() if old in renamed}
    found = verify(graph, file, tensor_of, images)
    return FloatModel(graph, file.sha256, found.inputs, found.near_ties)


def run_float(path: Path, images: np.ndarray, progress: Callable[[int], None] | None = None) -> np.ndarray:
    """Logits of the float model, float32 [B, classes], by TensorFlow Lite; the file is parsed and checked first.

    Raises:
        InputError: not a model this program can take, or images of another shape.
    """
    model = read(path, check=False)
    if images.shape[1:] != model.graph.image.shape:
        raise InputError(f"images are {images.shape[1:]}, the model takes {model.graph.image.shape}", where=str(path))
    return execute(path, images, progress=progress)["output"].reshape(len(images), -1)
