"""Tells by its first bytes what a file is that is no model this program reads, and what to do with it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from edge_snn.errors import InputError

HEAD_BYTES = 4096
HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK\x03\x04"
TFLITE = b"TFL3"
MAX_LISTED = 4096  # members of an archive that are looked at

BY_TFLITE = "export it to .tflite where it was made (docs/models.md, Your own model), and convert that"
BY_TORCH = (
    "in Python: torch.onnx.export(..), onnxsim and onnx2tf make a .tflite of it (docs/models.md, Your own model); "
    "convert that"
)


def refuse_foreign(path: Path, head: bytes) -> None:
    """Raises InputError if ``head``, the first bytes of a file, is that of a known format other than ours."""
    told = _foreign(path, head)
    if told is not None:
        what, hint = told
        raise InputError(f"is {what}, not a .tflite or .keras file", where=str(path), hint=hint)


def _foreign(path: Path, head: bytes) -> tuple[str, str] | None:
    if head[4:8] == TFLITE:
        return None
    if head.startswith(HDF5):
        if path.suffix.lower() == ".nir":
            return "a NIR graph (HDF5)", "NIR graphs are not read yet; " + BY_TORCH
        return "an HDF5 file, such as Keras's .h5", f"load it with Keras and save it as .keras; or {BY_TFLITE}"
    if head.startswith(ZIP):
        return _archive(path)
    if head.startswith(b"\x80") and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a Python pickle, such as PyTorch's .pt, and never loaded", BY_TORCH
    if _is_onnx(head):
        return "an ONNX model", "onnxsim and onnx2tf make a .tflite of it (docs/models.md, Your own model)"
    return None


def _archive(path: Path) -> tuple[str, str] | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist()[:MAX_LISTED]]
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return None  # whoever reads it tells what is wrong
    if any(name.endswith("data.pkl") for name in names):
        return "a PyTorch file", BY_TORCH
    if "manifest.json" in names:
        return "an .esnn model, which is converted already", "edge-snn inspect, simulate, build and eval take it"
    if names and all(name.endswith(".npy") for name in names):
        return "an .npz archive of arrays", "give it to --calibrate or --data"
    if any(name.endswith("saved_model.pb") for name in names):
        return "an archive of a TensorFlow SavedModel", BY_TFLITE
    return None


def _is_onnx(head: bytes) -> bool:
    """A ModelProto: field 1, the version of the format, is a small number; then text of its producer or opsets."""
    return len(head) > 4 and head[0] == 0x08 and 0 < head[1] < 64 and head[2] in (0x12, 0x3A, 0x42)


def refuse_folder(path: Path) -> None:
    """Raises InputError if ``path`` is a folder, with a hint where it is a SavedModel."""
    if path.is_dir() and (path / "saved_model.pb").exists():
        raise InputError(
            "is a TensorFlow SavedModel, a folder; a .tflite or .keras file is expected",
            where=str(path),
            hint=f"edge-snn tflite {path.name} -o {path.name}.tflite makes a .tflite of it (int8: --int8 --calibrate "
            "DATA); convert that",
        )
