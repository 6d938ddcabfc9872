"""Exports a ``.keras`` file: ``python -m edge_snn.frontends.keras_worker MODEL.keras MODEL.tflite``.

A command for people, and the child process in which :mod:`edge_snn.frontends.keras_file` loads a file.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

MEMORY_BYTES = 24 << 30  # TensorFlow reserves far more addresses than it uses
CPU_SECONDS = 3600


def main(arguments: list[str]) -> None:
    """Loads without running code from the file (``safe_mode``), and exports."""
    if len(arguments) != 2:
        raise SystemExit("usage: python -m edge_snn.frontends.keras_worker MODEL.keras MODEL.tflite")
    from edge_snn.frontends.child import limit
    from edge_snn.frontends.keras_file import check

    source, target = Path(arguments[0]), Path(arguments[1])
    check(source)
    limit(resource.RLIMIT_AS, MEMORY_BYTES)
    limit(resource.RLIMIT_CPU, CPU_SECONDS)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    import edge_snn.models.transformer  # noqa: F401  registers the layers
    from edge_snn.models.export import export_tflite

    export_tflite(keras.saving.load_model(source, compile=False, safe_mode=True), target)


if __name__ == "__main__":
    from edge_snn.errors import EdgeSnnError

    try:
        main(sys.argv[1:])
    except EdgeSnnError as refused:
        raise SystemExit(str(refused)) from refused
