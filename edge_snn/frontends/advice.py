"""Why a file as a whole is none that can be taken, where its first strange operator tells too little."""

from __future__ import annotations

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends.elements import COMPARISONS
from edge_snn.frontends.tflite_file import TfliteFile
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.graph.neuron import Neuron

# What makes a spike of a membrane.
STEPS = {*COMPARISONS, "SIGN", "FLOOR", "ROUND", "EQUAL", "NOT_EQUAL"}
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL")
DENSE = WEIGHTED[:3]
FLOATS = ("float32", "float16")
# How a dense network becomes one of int8 numbers, which this program takes as it is.
QUANTISE = (
    "in Python:\n"
    "    converter = tf.lite.TFLiteConverter.from_keras_model(model)\n"
    "    converter.optimizations = [tf.lite.Optimize.DEFAULT]\n"
    "    converter.representative_dataset = lambda: ([x[None].astype('float32')] for x in images[:200])\n"
    "    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]\n"
    "    converter.inference_input_type = converter.inference_output_type = tf.int8\n"
    "    open('model.tflite', 'wb').write(converter.convert())\n"
    "or: edge-snn tflite SOURCE --int8 --calibrate DATA"
)
# A first layer trained on 0..1 reaches a few thresholds; given 0..255 it reaches 255 times as many.
MOST_THRESHOLDS = 60.0


def check_input(file: TfliteFile) -> None:
    """Raises InputError, with what is true of this file, unless its input is one image.

    Float32 or uint8 [1, height, width, channels]; uint8 with a CAST behind it.
    """
    source = file.tensors[file.input]
    where, shape = str(file.path), list(source.shape)
    if source.dtype not in ("float32", "uint8"):
        if not has_neurons(file):
            raise no_neurons(file)
        raise InputError(
            f"its input is {source.dtype} {shape}: the model was quantised before it came here",
            where=where,
            hint="export the float model, without converter.optimizations: this program makes the integers itself",
        )
    if len(shape) == 4 and shape[0] == 1:
        return
    if not has_neurons(file):
        raise no_neurons(file)
    if len(shape) == 4:
        raise InputError(
            f"its input {shape} has a batch of {shape[0]}, one image is expected",
            where=where,
            hint="export with batch 1; time steps are made inside the model, from one image (docs/models.md)",
        )
    inside = " x ".join(map(str, shape[1:])) or "no"
    raise InputError(
        f"its input {shape} is no image [1, height, width, channels]",
        where=where,
        hint=f"give {inside} numbers the shape of an image, such as [1, 1, 1, features] or [1, length, 1, channels]",
    )


def has_neurons(file: TfliteFile) -> bool:
    """Whether anything in the file compares with a threshold."""
    return any(operator.kind in STEPS for operator in file.operators)


def no_neurons(file: TfliteFile, where: str = "") -> InputError:
    """The error for a dense network; ``where`` its first operator that could not be taken is."""
    dtype = file.tensors[file.input].dtype
    kind = "dense network" if dtype in FLOATS else f"dense network of {dtype} numbers"
    integers = any(
        file.tensors[operator.inputs[1]].dtype in ("int8", "uint8")
        for operator in file.operators
        if operator.kind in DENSE and len(operator.inputs) > 1
    )
    how = ", its weights int8 but its activations float (dynamic range quantisation)" if integers else ""
    return InputError(
        f"has no spiking neuron in it (nothing is compared with a threshold): it is a {kind}{how}",
        where=where or str(file.path),
        hint=f"quantise it to int8, weights and activations, and convert that; {QUANTISE}\n"
        "or make it spike: edge-snn train, docs/models.md",
    )


def explain(file: TfliteFile, error: InputError) -> InputError:
    """The error to tell instead of ``error``, which names the first operator that could not be taken."""
    told = error.diagnostic
    if not has_neurons(file):
        return no_neurons(file, told.where)
    signature = file.tensors[file.input].signature
    if -1 in signature[:1]:
        shape = ", ".join(["1", *map(str, file.tensors[file.input].shape[1:])])
        return InputError(
            f"its batch is open, {list(signature)}, so nothing tells time steps from images; then: {told.reason}",
            where=told.where,
            hint=f"export with batch 1, in Python:\n"
            f"    archive = keras.export.ExportArchive()\n"
            f"    archive.track(model)\n"
            f"    archive.add_endpoint('serve', lambda image: model(image, training=False),\n"
            f"                         input_signature=[keras.InputSpec(({shape}), dtype='float32')])\n"
            f"    archive.write_out('saved')\n"
            f"    tflite = tf.lite.TFLiteConverter.from_saved_model('saved').convert()",
        )
    copies = _repeated(file)
    if copies > 1:
        return InputError(
            told.reason,
            where=told.where,
            hint=f"a layer is there {copies} times with the same weights, once for each time step: put the steps one "
            "behind the other along the first axis, so that each layer is there once (docs/models.md, Your own model)",
        )
    return error


def _repeated(file: TfliteFile) -> int:
    """How often the most often repeated weights are used, by different operators."""
    counts: dict[tuple[int, int], int] = {}
    for operator in file.operators:
        if operator.kind in WEIGHTED and len(operator.inputs) > 1:
            data = file.tensors[operator.inputs[1]].data
            if data is not None and data.size > 1:
                key = (int(np.asarray(data).__array_interface__["data"][0]), data.size)
                counts[key] = counts.get(key, 0) + 1
    return max(counts.values(), default=0)


def assumed(graph: Graph) -> tuple[str, ...]:
    """What the file does not say and was taken for granted, in words: that the model was trained on pixels 0..255."""
    for node in graph.nodes:
        if isinstance(node, Conv2D) and node.inputs == (INPUT,):
            reach = 255 * np.abs(node.weight.astype(np.float64)).sum(axis=(0, 1, 2))
            for neuron in graph.consumers(node.name):
                if isinstance(neuron, Neuron):
                    thresholds = float(np.median(reach / neuron.threshold))
                    if thresholds > MOST_THRESHOLDS:
                        return (
                            f"pixels 0..255 drive the neurons behind {node.name} by {thresholds:,.0f} thresholds: if "
                            "the model was trained on 0..1, export it with x / 255 in front of its first layer",
                        )
    return ()
