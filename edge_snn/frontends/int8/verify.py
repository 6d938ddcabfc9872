"""Runs a recovered network of codes against its file by TensorFlow Lite's reference kernels: all outputs must agree."""

from __future__ import annotations

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends.execute import execute
from edge_snn.frontends.int8 import Recovered, recover
from edge_snn.frontends.tflite_file import TfliteFile
from edge_snn.frontends.verify import IMAGE_BYTES, probe_images
from edge_snn.graph.border import Border
from edge_snn.graph.graded import ROUNDINGS, SIGN
from edge_snn.reference import run


def probe_numbers(border: Border, codes: np.ndarray) -> np.ndarray:
    """Numbers [B, *shape of the file] of codes [B, ..]; those of float32 lie between the codes."""
    numbers = border.decode(codes.reshape(len(codes), *border.shape))
    if border.dtype != "float32":
        return numbers
    off = np.random.default_rng(0).uniform(-0.45, 0.45, numbers.shape) * border.scale
    return (numbers + off).astype(np.float32)


def verify(recovered: Recovered, file: TfliteFile) -> int:
    """Compares all outputs on 16 inputs; returns their number.

    TensorFlow Lite's own fully connected layers round twice or once, as it is old or new: one of both must be its way,
    whatever way the recovered network has.

    Raises:
        InputError: outputs differ; the runtime refused the file.
    """
    graph = recovered.graph
    size = sum(spec.size for spec in graph.specs.values())
    if size > IMAGE_BYTES:
        raise InputError(
            f"its activations take {size >> 20} MB an image, at most {IMAGE_BYTES >> 20} MB can be checked",
            where=str(file.path),
        )
    takes, makes = recovered.borders
    numbers = probe_numbers(takes, probe_images(graph.image.shape))
    theirs = execute(file.path, numbers, reference=True)["output"].reshape(len(numbers), -1)
    codes = takes.encode(numbers).reshape(len(numbers), *graph.image.shape)
    shares = []
    for rounding in ROUNDINGS:
        made = run(recover(file, rounding).graph, codes, count_sops=False).logits
        differ = makes.decode(made + SIGN) != theirs
        if not differ.any():
            return len(numbers)
        shares.append(float(differ.mean()))
    raise InputError(
        f"{100 * min(shares):.3g} % of its outputs differ between the recovered network and TensorFlow Lite",
        where=str(file.path),
        hint="the front end misreads this model; please report it",
    )
