"""Front ends: a trained model file becomes a graph that was run against the file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_snn.errors import InputError
from edge_snn.files import need_file
from edge_snn.frontends import int8, kinds, names, tflite_file
from edge_snn.frontends.advice import assumed
from edge_snn.frontends.execute import Refused, execute
from edge_snn.frontends.export import to_tflite
from edge_snn.frontends.int8 import Recovered
from edge_snn.frontends.int8.verify import verify as verify_codes
from edge_snn.frontends.recognise import recognise
from edge_snn.frontends.verify import verify
from edge_snn.graph.graph import Graph
from edge_snn.reference.executor import check_images


@dataclass(frozen=True)
class FloatModel:
    """A recovered graph and how well it was checked.

    Attributes:
        graph: in the float domain.
        source_sha256: of the .tflite content.
        checked_inputs: images on which every spike agreed with the file; 0 if not checked.
        near_ties: spikes that differed within float rounding of the threshold.
        notes: what a user should know: neuron layers that stayed silent in the check.
        assumed: what the file does not say, and was taken for granted.
    """

    graph: Graph
    source_sha256: str
    checked_inputs: int = 0
    near_ties: int = 0
    notes: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True)
class CodesModel:
    """A network of 8-bit codes, quantised before it came here, and how well it was checked.

    Attributes:
        recovered: the network, in integers already.
        source_sha256: of the .tflite content.
        rounding: of its fully connected layers.
        checked_inputs: inputs on which every output agreed with TensorFlow Lite's reference kernels; 0 if not checked.
        notes: what a user should know: why it could not be checked.
    """

    recovered: Recovered
    source_sha256: str
    rounding: str
    checked_inputs: int = 0
    notes: tuple[str, ...] = ()

    @property
    def graph(self) -> Graph:
        return self.recovered.graph


def read(
    path: Path, check: bool = True, images: np.ndarray | None = None, rounding: str = "double"
) -> FloatModel | CodesModel:
    """Reads a ``.tflite`` or ``.keras`` file; which of them is told by its content.

    Args:
        check: run the recovered graph against the file on 16 inputs.
        images: uint8 [B, H, W, C] to check on as well; of spiking networks.
        rounding: of the fully connected layers of an int8 file: "double" as TFLite Micro, "single" as newer LiteRT.

    Raises:
        InputError: not such a model; names the first operator that cannot be taken.
        ToolMissingError: a .keras file, and TensorFlow is not installed.
    """
    if not _is_keras(path):
        return _read_tflite(path, check, images, rounding)
    with tempfile.TemporaryDirectory(prefix="edge_snn_") as folder:
        exported = Path(folder) / "exported.tflite"
        to_tflite(path, exported)
        try:
            return _read_tflite(exported, check, images, rounding)
        except InputError as error:
            told = error.diagnostic
            where = told.where.replace(str(exported), f"{path} (exported to .tflite)")
            raise InputError(told.reason, where=where, hint=told.hint) from error


def _is_keras(path: Path) -> bool:
    kinds.refuse_folder(path)
    need_file(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(kinds.HEAD_BYTES)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    kinds.refuse_foreign(path, head)
    return head.startswith(kinds.ZIP)


def _read_tflite(path: Path, check: bool, images: np.ndarray | None, rounding: str) -> FloatModel | CodesModel:
    file = tflite_file.load(path)
    if int8.is_quantised(file):
        network = int8.recover(file, rounding)
        if not check:
            return CodesModel(network, file.sha256, rounding)
        try:
            return CodesModel(network, file.sha256, rounding, verify_codes(network, file))
        except Refused as error:  # it takes less than TFLite Micro: a convolution must have a bias
            return CodesModel(network, file.sha256, rounding, notes=(f"not checked: {error.diagnostic.reason}",))
    recovered = recognise(file)
    graph, renamed = names.rename(recovered.graph)
    if not check:
        return FloatModel(graph, file.sha256, assumed=assumed(graph))
    held = {renamed[name]: where for name, where in recovered.held.items()}
    found = verify(graph, file, held, images)
    notes = tuple(f"layer {name!r} did not fire in the check" for name in found.silent)
    return FloatModel(graph, file.sha256, found.inputs, found.near_ties, notes, assumed(graph))


def run_float(path: Path, images: np.ndarray, progress: Callable[[int], None] | None = None) -> np.ndarray:
    """Logits of the float model, float32 [B, classes], by TensorFlow Lite; the file is parsed and checked first.

    Of an int8 file they are its outputs, of its own type, by the reference kernels.

    Args:
        images: uint8 [B, H, W, C]; codes of an int8 file.
        progress: called with the number of images done.

    Raises:
        InputError: not a model this program can take, or images of another shape.
    """
    model = read(path, check=False)
    check_images(model.graph, images)
    if isinstance(model, CodesModel):
        takes = model.recovered.borders[0]
        numbers = takes.decode(images.reshape(len(images), *takes.shape))
        return execute(path, numbers, progress=progress, reference=True)["output"].reshape(len(images), -1)
    return execute(path, images, progress=progress)["output"].reshape(len(images), -1)
