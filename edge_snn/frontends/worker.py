"""Child process that executes a ``.tflite``. The runtime crashes on damaged files, so it never runs in ours.

Usage: ``python -m edge_snn.frontends.worker MODEL IMAGES.npy OUT.npz THREADS KERNELS [TENSOR ..]``. KERNELS are
"default" or "reference". With tensor numbers the values of these tensors are kept for every image (``t<N>`` [B, ...]);
always the output (``output``).
Prints the number of images done, a line each, about ten times a second.
"""

from __future__ import annotations

import importlib
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from edge_snn.frontends.child import limit

RUNTIMES = ("tflite_runtime", "ai_edge_litert", "tensorflow.lite.python")
MEMORY_BYTES = 12 << 30  # address space, not memory: TensorFlow maps a lot
CPU_SECONDS = 6 * 3600
REPORT_SECONDS = 0.1


def _runtime() -> Any:
    """Module with Interpreter and OpResolverType: the light runtime of this Python, or TensorFlow's own."""
    for name in RUNTIMES:
        try:
            return importlib.import_module(f"{name}.interpreter")
        except ImportError:
            continue
    raise SystemExit("no TensorFlow Lite runtime: pip install tflite-runtime (or ai-edge-litert above Python 3.11)")


def main(arguments: list[str]) -> None:
    """Runs the images one by one and writes what was asked for."""
    limit(resource.RLIMIT_AS, MEMORY_BYTES)
    limit(resource.RLIMIT_CPU, CPU_SECONDS)
    limit(resource.RLIMIT_CORE, 0)
    model, images_path, out = arguments[:3]
    threads, kernels, tensors = int(arguments[3]), arguments[4], [int(number) for number in arguments[5:]]
    images = np.load(images_path, mmap_mode="r", allow_pickle=False)
    runtime = _runtime()
    options: dict[str, Any] = {}
    if kernels == "reference":
        options = {"experimental_op_resolver_type": runtime.OpResolverType.BUILTIN_REF}
    if tensors:
        # A delegate fuses operators and leaves no values in between.
        resolver = runtime.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        options = {"experimental_preserve_all_tensors": True, "experimental_op_resolver_type": resolver}
    interpreter = runtime.Interpreter(model_path=model, num_threads=threads, **options)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    target = interpreter.get_output_details()[0]["index"]
    kept: dict[str, list[np.ndarray]] = {"output": [], **{f"t{number}": [] for number in tensors}}
    said = time.monotonic()
    for index, image in enumerate(images):
        interpreter.set_tensor(source["index"], image.reshape(source["shape"]).astype(source["dtype"]))
        interpreter.invoke()
        kept["output"].append(interpreter.get_tensor(target).copy())
        for number in tensors:
            kept[f"t{number}"].append(interpreter.get_tensor(number).copy())
        if time.monotonic() - said > REPORT_SECONDS or index + 1 == len(images):
            print(index + 1, flush=True)
            said = time.monotonic()
    with Path(out).open("wb") as stream:
        np.savez(stream, **{name: np.stack(values) for name, values in kept.items()})


if __name__ == "__main__":
    main(sys.argv[1:])
