"""The face of the package: what Python users import is small, typed, told in docs/python.md, and loads quickly."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import edge_snn
from tests.networks import images, model

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
FUNCTIONS = ("build", "convert", "evaluate", "load", "simulate")


def test_every_block_of_the_page_runs(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 6
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EDGE_SNN_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-W", "error", "-c", "\n".join(blocks)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("no such")
    assert (tmp_path / "report" / "report.html").exists()


def test_the_face_shows_what_is_told_and_nothing_else():
    assert set(dir(edge_snn)) == {*edge_snn.__all__, "__version__"}
    assert set(edge_snn.__all__) == {*FUNCTIONS, "EdgeSnnError", "ModelNote", "BitExactnessWarning"}
    for name in edge_snn.__all__:
        assert f"edge_snn.{name}" in PAGE, f"{name} is not in docs/python.md"
    with pytest.raises(AttributeError, match="no attribute 'measure'"):
        edge_snn.measure  # noqa: B018


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_typed_and_says_what_it_takes(name):
    function = getattr(edge_snn, name)
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert parameter.name in ("source", "model") or f"{parameter.name}:" in function.__doc__
    assert "Raises:" in function.__doc__


def test_types_are_there_for_checkers():
    assert (ROOT / "edge_snn" / "py.typed").exists()


def test_importing_it_loads_no_room():
    code = (
        "import sys, edge_snn; print([name for name in sys.modules if name.startswith(('edge_snn.', 'numpy', 'rich'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_arrays_are_taken_as_they_are():
    made = model()
    x = images(5, made.input_shape)
    alone = edge_snn.simulate(made, x)
    assert alone.accuracy is None
    labelled = edge_snn.simulate(made, (x, alone.predictions))
    assert labelled.accuracy == 1.0
    assert (labelled.logits == alone.logits).all()
    assert len(edge_snn.simulate(made, x, limit=2).logits) == 2
    with pytest.raises(edge_snn.EdgeSnnError, match="images must be uint8"):
        edge_snn.simulate(made, x.astype(np.float32))


def test_notes_of_a_conversion_are_warnings():
    file = ROOT / "tests" / "frontends" / "files" / "variants" / "trained-on-0-to-1.tflite"
    with pytest.warns(edge_snn.ModelNote, match="x / 255"):
        edge_snn.convert(file)
    with warnings.catch_warnings():
        warnings.simplefilter("error", edge_snn.ModelNote)
        assert edge_snn.convert(file.with_name("image-tiled.tflite"), name="other").name == "other"


def test_a_device_that_is_not_named_is_told():
    with pytest.raises(edge_snn.EdgeSnnError, match="either --emulate BOARD or --port"):
        edge_snn.evaluate(model(), "digits")
