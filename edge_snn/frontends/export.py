"""``.keras`` files and SavedModels to ``.tflite``, in a child process, which needs the ``train`` extra."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from edge_snn.errors import InputError, ToolMissingError
from edge_snn.files import writing
from edge_snn.frontends import keras_file, saved_model, tflite_file
from edge_snn.models.export import Quantisation

SECONDS = 900.0  # without a word


def to_tflite(source: Path, target: Path, quantisation: Quantisation | None = None) -> dict[str, Any]:
    """Writes the ``.tflite`` of a ``.keras`` file or of the folder of a SavedModel.

    Args:
        quantisation: None for float32.

    Returns:
        "input" and "output" of the file: dtype, shape and, of integers, scale and zero point.

    Raises:
        InputError: neither of them, damaged, with code or layers that are not Keras's or this project's, or
            TensorFlow cannot convert or quantise it.
        ToolMissingError: TensorFlow is not installed.
    """
    from edge_snn.frontends.child import run_child

    if not saved_model.is_saved_model(source):
        keras_file.check(source)
    if importlib.util.find_spec("tensorflow") is None or importlib.util.find_spec("keras") is None:
        raise ToolMissingError(
            "reading .keras and SavedModels needs TensorFlow",
            where=str(source),
            hint="pip install 'edge-snn[train]'; or, where it is installed, once:\n"
            f"    edge-snn tflite {source.name} -o {source.stem}.tflite\n  and convert that file here",
        )
    told: list[str] = []
    with tempfile.TemporaryDirectory(prefix="edge_snn_") as folder:
        made = Path(folder) / "made.tflite"
        arguments = [str(source.resolve()), str(made)]
        if quantisation is not None:
            samples = Path(folder) / "samples.npy"
            np.save(samples, quantisation.samples, allow_pickle=False)
            arguments += [str(samples), quantisation.io]
        done = run_child("edge_snn.frontends.export_worker", arguments, SECONDS, told.append)
        if done.timed_out:
            raise InputError(f"could not be exported within {SECONDS:.0f} s", where=str(source))
        if done.code != 0 or not made.exists():
            what = "load, export or quantise" if quantisation else "load or export"
            raise InputError(
                f"TensorFlow could not {what} it{done.last_words or f': exit {done.code}'}", where=str(source)
            )
        if quantisation is not None:
            _check_whole(made, source)
        with writing(target) as aside:
            aside.write_bytes(made.read_bytes())
    facts: dict[str, Any] = json.loads(told[-1])
    return facts


def _check_whole(made: Path, source: Path) -> None:
    """Raises InputError if operators of a quantised file compute floats: TensorFlow leaves them so and says nothing."""
    file = tflite_file.load(made)
    floats = [
        operator.kind
        for operator in file.operators
        if operator.kind != "DEQUANTIZE"
        and any(file.tensors[index].dtype == "float32" and index != file.output for index in operator.outputs)
    ]
    if floats:
        raise InputError(
            f"TensorFlow cannot quantise {', '.join(sorted(set(floats)))}, and left that in float32",
            where=str(source),
            hint="build the model from layers that have an int8 form, such as ReLU or LeakyReLU instead of ELU",
        )
