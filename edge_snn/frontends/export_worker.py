"""Writes a ``.tflite``: ``python -m edge_snn.frontends.export_worker SOURCE MODEL.tflite [SAMPLES.npy IO]``.

The child process of :mod:`edge_snn.frontends.export`. SOURCE is a .keras file or the folder of a SavedModel. Prints
what the file's input and output are, as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY_BYTES = 24 << 30  # TensorFlow reserves far more addresses than it uses
CPU_SECONDS = 3600


def main(arguments: list[str]) -> None:
    """Loads without running code from the file, and converts."""
    if len(arguments) not in (2, 4):
        raise SystemExit("usage: python -m edge_snn.frontends.export_worker SOURCE MODEL.tflite [SAMPLES.npy IO]")
    import numpy as np

    from edge_snn.files import writing
    from edge_snn.frontends import keras_file, saved_model
    from edge_snn.frontends.child import limit
    from edge_snn.models.export import Quantisation, describe, export_tflite, saved_model_to_tflite

    source, target = Path(arguments[0]), Path(arguments[1])
    quantisation = None
    if len(arguments) == 4:
        quantisation = Quantisation(np.load(arguments[2], allow_pickle=False), arguments[3])
    limit(resource.RLIMIT_AS, MEMORY_BYTES)
    limit(resource.RLIMIT_CPU, CPU_SECONDS)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if saved_model.is_saved_model(source):
        saved_model.check(source)
        with _no_files():
            content = saved_model_to_tflite(source, quantisation)
        with writing(target) as aside:
            aside.write_bytes(content)
    else:
        keras_file.check(source)
        import keras

        import edge_snn.models.transformer  # noqa: F401  registers the layers

        model = keras.saving.load_model(source, compile=False, safe_mode=True)
        export_tflite(model, target, quantisation)
    print(json.dumps(describe(target.read_bytes())))


@contextmanager
def _no_files() -> Iterator[None]:
    """Within it this process writes no file: a graph that does so all the same fails.

    Standard error may be a file too; LLVM, which writes its warnings there, would end the process.
    """
    size, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


def _reason(error: Exception) -> str:
    """One line of an error of TensorFlow's: that with "error:" in it, for the last ones tell nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return next((line[line.index("error: ") + 7 :] for line in lines if "error: " in line), lines[0])


if __name__ == "__main__":
    from edge_snn.errors import EdgeSnnError

    try:
        main(sys.argv[1:])
    except EdgeSnnError as refused:
        raise SystemExit(" ".join(str(refused).split())) from refused
    except Exception as error:  # whatever Keras and TensorFlow raise; the last line is what a user sees
        raise SystemExit(_reason(error)) from error
