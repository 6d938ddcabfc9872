"""Damaged .tflite files end as one InputError: no crash, no hang, no traceback."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge_snn import frontends
from edge_snn.errors import InputError
from edge_snn.frontends.child import run_child
from edge_snn.frontends.execute import execute
from edge_snn.frontends.export import to_tflite

FILES = Path(__file__).parent / "files"


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Flips bytes, mostly in the structure at the ends, overwrites words, or cuts."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 12)):
        where = rng.randrange(len(out)) if rng.random() < 0.4 else rng.randrange(min(len(out), 4000))
        where = where if rng.random() < 0.6 else len(out) - 1 - where
        if rng.random() < 0.5:
            out[where] = rng.randrange(256)
        else:
            word = rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, rng.randrange(2**32)])
            out[where : where + 4] = word.to_bytes(4, "little")
    if rng.random() < 0.15:
        del out[rng.randrange(8, len(out)) :]
    return bytes(out)


@pytest.mark.parametrize("name", ["transformer-a2os2a", "t4-ternary"])
def test_mutated_files_end_in_one_clear_error(tmp_path, name):
    original = (FILES / f"{name}.tflite").read_bytes()
    rng = random.Random(name)
    path = tmp_path / "mutated.tflite"
    refused, started = 0, time.monotonic()
    for _ in range(200):
        path.write_bytes(mutate(original, rng))
        try:
            frontends.read(path, check=False)
        except InputError as error:
            refused += str(path) in str(error)
    assert refused > 60, "the mutations hardly damage anything: the test tests nothing"
    assert time.monotonic() - started < 120


def test_mutated_files_that_parse_are_executed_in_a_child(tmp_path):
    """Weights may be changed and the file still be a model; the runtime must not take us with it."""
    original = (FILES / "t4-ternary.tflite").read_bytes()
    rng = random.Random(1)
    path = tmp_path / "mutated.tflite"
    outcomes = []
    for _ in range(12):
        path.write_bytes(mutate(original, rng))
        try:
            frontends.read(path)
            outcomes.append("read")
        except InputError:
            outcomes.append("refused")
    assert len(outcomes) == 12


def test_a_lower_limit_of_the_user_is_kept():
    """``ulimit -v`` below ours: raising it back is not allowed, and not needed."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30));"
        "from pathlib import Path; from edge_snn import frontends;"
        f"print(frontends.read(Path({str(FILES / 't2-half.tflite')!r})).checked_inputs)"
    )
    root = str(Path(frontends.__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=root)
    assert done.stdout.strip() == "16", done.stderr


def test_a_runtime_that_fails_is_reported(tmp_path):
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(100))
    with pytest.raises(InputError, match=r"TensorFlow Lite (was ended by signal|refused the file)"):
        execute(path, np.zeros((1, 8, 8, 1), np.uint8))


def test_a_child_that_hangs_is_ended():
    sleep = ["-n", "1", "-r", "1", "import time; time.sleep(60)"]
    started = time.monotonic()
    done = run_child("timeit", sleep, 0.5, lambda line: None)
    assert done.timed_out
    assert done.code < 0
    assert time.monotonic() - started < 30


def test_a_child_that_wants_too_much_memory_is_ended_and_we_are_not():
    code = (
        "import resource, edge_snn.frontends.child as child;"
        "child.limit(resource.RLIMIT_AS, 1 << 30); print(len(bytes(2 << 30)))"
    )
    told: list[str] = []
    done = run_child("timeit", ["-n", "1", "-r", "1", code], 60, told.append)
    assert done.code != 0
    assert "MemoryError" in done.last_words
    assert not done.timed_out


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x1c\0\0\0TFL3", b"GIF89a" + b"\0" * 50, b"\0" * 100])
def test_foreign_files_are_refused(tmp_path, content):
    path = tmp_path / "foreign.tflite"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"not a \.tflite|damaged"):
        frontends.read(path)


def shared_table_file(tensors: int, buffer_bytes: int) -> bytes:
    """A valid-looking file whose tensor list names one table, with one constant, again and again."""
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    data = builder.CreateByteVector(bytes(buffer_bytes))
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, data, 0)
    full = builder.EndObject()
    builder.StartVector(4, 1, 4)
    builder.PrependInt32(buffer_bytes // 4)
    shape = builder.EndVector()
    builder.StartObject(3)
    builder.PrependUOffsetTRelativeSlot(0, shape, 0)
    tensor = builder.EndObject()
    builder.StartVector(4, tensors, 4)
    for _ in range(tensors):
        builder.PrependUOffsetTRelative(tensor)
    listed = builder.EndVector()
    builder.StartVector(4, 1, 4)
    builder.PrependInt32(0)
    ends = builder.EndVector()
    builder.StartObject(4)
    for slot, vector in ((0, listed), (1, ends), (2, ends)):
        builder.PrependUOffsetTRelativeSlot(slot, vector, 0)
    subgraph = builder.EndObject()

    def one(item: int) -> int:
        builder.StartVector(4, 1, 4)
        builder.PrependUOffsetTRelative(item)
        return int(builder.EndVector())

    subgraphs, buffers = one(subgraph), one(full)
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(2, subgraphs, 0)
    builder.PrependUOffsetTRelativeSlot(4, buffers, 0)
    builder.Finish(builder.EndObject(), b"TFL3")
    return bytes(builder.Output())


def test_a_file_that_names_one_constant_often_costs_no_memory(tmp_path):
    """2,000 tensors that share 4 MB: as copies they would be 8 GB."""
    path = tmp_path / "shared.tflite"
    path.write_bytes(shared_table_file(2000, 4 << 20))
    tracemalloc.start()
    with pytest.raises(InputError):
        frontends.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


def test_a_list_that_names_one_table_for_ever_is_refused_at_once(tmp_path):
    path = tmp_path / "endless.tflite"
    path.write_bytes(shared_table_file(3_000_000, 64))
    started = time.monotonic()
    with pytest.raises(InputError, match="more than 400000 tables"):
        frontends.read(path)
    assert time.monotonic() - started < 10


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["/dev/zero", "pipe"])
def test_what_has_no_end_is_not_read(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with pytest.raises(InputError, match="is a pipe or a device"):
        frontends.read(Path(name))


def test_a_keras_file_that_is_not_there_is_said_to_be_so(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        to_tflite(tmp_path / "nothing.keras", tmp_path / "out.tflite")


@pytest.mark.parametrize("end", [0, 4, 8, 31, 32, 100, 5000, -1000, -4, -1])
def test_truncated_files_are_refused(tmp_path, end):
    path = tmp_path / "cut.tflite"
    path.write_bytes((FILES / "t4-ternary.tflite").read_bytes()[:end])
    with pytest.raises(InputError, match=r"not a \.tflite|damaged"):
        frontends.read(path)


def test_strides_of_zero_are_refused(tmp_path):
    """Found by mutation: a stride of 0 divides by zero in TensorFlow's rule for SAME padding."""
    import tflite

    data = bytearray((FILES / "transformer-a2os2a.tflite").read_bytes())
    graph = tflite.Model.GetRootAs(data, 0).Subgraphs(0)
    for index in range(graph.OperatorsLength()):
        table = graph.Operators(index).BuiltinOptions()
        options = tflite.Conv2DOptions()
        if graph.Operators(index).BuiltinOptionsType() == tflite.BuiltinOptions.Conv2DOptions:
            options.Init(table.Bytes, table.Pos)
            where = table.Pos + table.Offset(6)
            assert options.StrideW() == int.from_bytes(data[where : where + 4], "little") == 1
            data[where : where + 4] = bytes(4)
            break
    path = tmp_path / "stride.tflite"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"CONV_2D.*strides of 1 and 0"):
        frontends.read(path)


def changed_keras(path: Path, **change: object) -> Path:
    """The Keras file of the tests with another configuration of its second layer."""
    with zipfile.ZipFile(FILES / "transformer.keras") as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"]["layers"][1].update(change)
                content = json.dumps(config).encode()
            target.writestr(name, content)
    return path


@pytest.mark.parametrize("module", ["os", "kerasy.layers", "edge_snn.cli.main", 3])
def test_a_keras_file_that_names_foreign_classes_is_refused_unread(tmp_path, module):
    path = changed_keras(tmp_path / "foreign.keras", module=module)
    with pytest.raises(InputError, match="names a class of module"):
        frontends.read(path)


def test_a_keras_file_with_a_lambda_is_refused_unread(tmp_path):
    path = changed_keras(tmp_path / "lambda.keras", class_name="Lambda")
    with pytest.raises(InputError, match="is code and never loaded"):
        frontends.read(path)
