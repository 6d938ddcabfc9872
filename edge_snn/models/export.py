"""Export to ``.tflite``: batch 1, so the time axis is the batch axis in the file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from edge_snn.errors import ToolMissingError
from edge_snn.files import writing


def export_tflite(model: Any, path: Path) -> None:
    """Writes the inference graph of a Keras model, float32, built-in operators only.

    Goes through ``ExportArchive`` and ``from_saved_model``: with TF 2.16 and Keras 3.15 that is exact, while
    ``from_keras_model`` fails. Needs the TensorFlow backend.

    Raises:
        ToolMissingError: TensorFlow is not installed, or is not Keras's backend.
        InputError: the folder cannot be written.
    """
    import keras

    if keras.config.backend() != "tensorflow":
        raise ToolMissingError(
            "the export to .tflite needs Keras on TensorFlow",
            hint="run it again with KERAS_BACKEND=tensorflow",
        )
    import tensorflow as tf

    signature = [keras.InputSpec(shape=(1, *model.input_shape[1:]), dtype="float32")]
    with tempfile.TemporaryDirectory() as folder:
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serve", lambda image: model(image, training=False), input_signature=signature)
        archive.write_out(folder, verbose=False)
        content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    with writing(path) as aside:
        aside.write_bytes(content)
