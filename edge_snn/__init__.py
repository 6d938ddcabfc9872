"""Spiking networks on microcontrollers, by addition alone.

    import edge_snn

    model = edge_snn.convert("model.tflite", calibrate="train.npz", save="model.esnn")
    print(edge_snn.simulate(model, "test.npz").accuracy)
    print(edge_snn.build(model, "microbit").flash_bytes)
    found = edge_snn.evaluate(model, "test.npz", emulate="microbit", limit=100)
    assert found.is_exact

docs/python.md tells of each. Everything else is the program's own, and may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_snn.api import BitExactnessWarning, ModelNote, build, convert, evaluate, load, simulate
    from edge_snn.errors import EdgeSnnError

__version__ = "0.1.0"

__all__ = [
    "BitExactnessWarning",
    "EdgeSnnError",
    "ModelNote",
    "build",
    "convert",
    "evaluate",
    "load",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """Imports what is asked for: the commands start quickly, and rooms do not load each other."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from edge_snn import api, errors

    return getattr(errors if name == "EdgeSnnError" else api, name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
