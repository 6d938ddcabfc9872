"""To ``.tflite`` by TensorFlow: float32, or quantised after training to 8 bits. Batch 1, built-in operators only.

With batch 1 the time axis of a spiking model is the batch axis in the file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_snn.errors import InputError, ToolMissingError
from edge_snn.files import writing

IO = ("int8", "uint8", "float32")
LARGEST = 255  # of a pixel


@dataclass(frozen=True)
class Quantisation:
    """Full-integer quantisation after training.

    Attributes:
        samples: inputs that ranges are taken from, uint8 pixels or float32, [N, *shape of the model's input].
        io: type of the file's input and output: one of :data:`IO`.
    """

    samples: np.ndarray
    io: str = "int8"

    def __post_init__(self) -> None:
        if self.io not in IO:
            raise InputError(f"input and output are one of {', '.join(IO)}, not {self.io[:20]!r}")
        if self.samples.dtype not in (np.uint8, np.float32) or self.samples.ndim < 2 or not self.samples.size:
            raise InputError(f"calibration takes uint8 or float32 [N, ..], not {_shown(self.samples)}")
        if self.samples.dtype == np.float32 and not np.isfinite(self.samples).all():
            raise InputError("the calibration data holds numbers that are not finite")

    def inputs(self, shape: tuple[int, ...]) -> Iterator[list[np.ndarray]]:
        """One float32 [1, *shape] after the other.

        Of pixels the first image has one pixel set to 0 and one to 255: so a step of the input's codes is one pixel
        value (scale 1), whatever the other images hold.

        Raises:
            InputError: samples of another shape.
        """
        samples = self.samples[..., None] if self.samples.ndim == len(shape) else self.samples
        if samples.shape[1:] != shape:
            raise InputError(f"the model takes {_sizes(shape)}, the calibration data is {_shown(self.samples)}")
        for index, sample in enumerate(samples):
            one = sample[None].astype(np.float32)
            if index == 0 and samples.dtype == np.uint8 and one.size > 1:
                one.flat[0], one.flat[-1] = 0, LARGEST
            yield [one]


def export_tflite(model: Any, path: Path, quantisation: Quantisation | None = None) -> None:
    """Writes the inference graph of a Keras model.

    Goes through ``ExportArchive`` and ``from_saved_model``: with TF 2.16 and Keras 3.15 that is exact, while
    ``from_keras_model`` fails. Needs the TensorFlow backend.

    Args:
        quantisation: None for float32.

    Raises:
        ToolMissingError: TensorFlow is not installed, or is not Keras's backend.
        InputError: not a model of one input and one output of a fixed shape, samples of another shape, or the folder
            cannot be written.
    """
    import keras

    if keras.config.backend() != "tensorflow":
        raise ToolMissingError(
            "the export to .tflite needs Keras on TensorFlow",
            hint="run it again with KERAS_BACKEND=tensorflow",
        )
    import tensorflow as tf

    shape = _one_input(getattr(model, "inputs", None) or [], getattr(model, "outputs", None) or [])
    signature = [keras.InputSpec(shape=(1, *shape), dtype="float32")]
    with tempfile.TemporaryDirectory() as folder:
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serve", lambda image: model(image, training=False), input_signature=signature)
        archive.write_out(folder, verbose=False)
        content = _convert(tf.lite.TFLiteConverter.from_saved_model(folder), shape, quantisation)
    with writing(path) as aside:
        aside.write_bytes(content)


def saved_model_to_tflite(folder: Path, quantisation: Quantisation | None = None) -> bytes:
    """A ``.tflite`` of a SavedModel, of its signature ``serving_default`` or the only one it has; writes no file.

    Raises:
        InputError: not a model of one float32 input and one output of a fixed shape, or samples of another shape.
    """
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))
    signatures = dict(getattr(loaded, "signatures", {}))
    name = next(iter(signatures)) if len(signatures) == 1 else "serving_default"
    if name not in signatures:
        raise InputError(f"has no signature serving_default (it has: {', '.join(signatures)[:200] or 'none'})")
    serve = signatures[name]
    arguments = serve.structured_input_signature[1]
    shape = _one_input(list(arguments.values()), list(serve.structured_outputs.values()))
    ((argument, spec),) = arguments.items()
    if spec.dtype != tf.float32:
        raise InputError(f"its input is {spec.dtype.name}, float32 is expected")

    def one(x: Any) -> Any:
        return next(iter(serve(**{argument: x}).values()))

    signature = [tf.TensorSpec((1, *shape), tf.float32, name="image")]
    function = tf.function(one, input_signature=signature, autograph=False).get_concrete_function()
    return _convert(tf.lite.TFLiteConverter.from_concrete_functions([function], loaded), shape, quantisation)


def describe(content: bytes) -> dict[str, Any]:
    """Type, shape and, of integers, scale and zero point of input and output of a ``.tflite``."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_content=content)
    ends = {"input": interpreter.get_input_details(), "output": interpreter.get_output_details()}
    facts: dict[str, Any] = {}
    for name, (end, *_) in ends.items():
        scale, zero = end["quantization"]
        facts[name] = {"dtype": np.dtype(end["dtype"]).name, "shape": end["shape"].tolist()}
        facts[name].update({"scale": float(scale), "zero_point": int(zero)} if scale else {})
    return facts


def _convert(converter: Any, shape: tuple[int, ...], quantisation: Quantisation | None) -> bytes:
    import tensorflow as tf

    if quantisation is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: quantisation.inputs(shape)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = getattr(tf, quantisation.io)
    return bytes(converter.convert())


def _one_input(inputs: list[Any], outputs: list[Any]) -> tuple[int, ...]:
    """The shape of a model's one input without its batch."""
    if len(inputs) != 1 or len(outputs) != 1:
        raise InputError(f"has {len(inputs)} inputs and {len(outputs)} outputs; one of each is expected")
    if inputs[0].shape is None or len(inputs[0].shape) < 2 or any(size is None for size in inputs[0].shape[1:]):
        raise InputError(f"its input {inputs[0].shape} is open; all sizes but the batch must be fixed")
    return tuple(int(size) for size in inputs[0].shape[1:])


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _shown(samples: np.ndarray) -> str:
    return f"{samples.dtype}[{', '.join(map(str, samples.shape))}]"
