"""The model file keeps every bit, names itself by its content, and trusts nothing it reads."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge_snn.errors import InputError
from edge_snn.graph import esnn_file
from edge_snn.graph.manifest import canonical
from edge_snn.passes import bounds
from edge_snn.reference import run
from tests.networks import images, model


@pytest.fixture(scope="module")
def small():
    return model()


@pytest.fixture
def saved(small, tmp_path: Path) -> Path:
    path = tmp_path / "small.esnn"
    esnn_file.save(small, path)
    return path


def rewrite(path: Path, change) -> None:
    """Applies ``change(members: dict[str, bytes])`` to the archive."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def edit_manifest(path: Path, change) -> None:
    def apply(members):
        manifest = json.loads(members["manifest.json"])
        change(manifest)
        members["manifest.json"] = canonical(manifest)

    rewrite(path, apply)


def test_a_saved_model_comes_back_whole(small, saved):
    loaded = esnn_file.load(saved)
    assert loaded.sha256 == small.sha256
    bounds.check(loaded)
    x = images(3, small.input_shape)
    first, second = run(small.graph, x), run(loaded.graph, x)
    assert np.array_equal(first.logits, second.logits)
    assert np.array_equal(first.counts, second.counts)


def test_equal_models_are_equal_files(small, saved, tmp_path):
    again = tmp_path / "again.esnn"
    esnn_file.save(model(), again)
    assert again.read_bytes() == saved.read_bytes()


def test_the_identity_covers_one_bit_of_one_weight(small):
    assert model(seed=1).sha256 != small.sha256


def test_no_part_file_is_left_behind(saved):
    assert [path.name for path in saved.parent.iterdir()] == ["small.esnn"]


def test_a_missing_folder_is_a_clear_error(small, tmp_path):
    with pytest.raises(InputError, match="cannot be written: No such file"):
        esnn_file.save(small, tmp_path / "no" / "where.esnn")


def test_a_flipped_weight_is_noticed(saved):
    def flip(members):
        name = next(name for name in members if name.startswith("tensors/"))
        members[name] = bytes([members[name][0] ^ 1]) + members[name][1:]

    rewrite(saved, flip)
    with pytest.raises(InputError, match="its SHA-256 differs"):
        esnn_file.load(saved)


def test_false_bounds_are_noticed(saved):
    edit_manifest(saved, lambda manifest: manifest["edges"]["rpe.add"].update(bounds=[-1, 1]))
    with pytest.raises(InputError, match=r"rpe\.add: the file claims other bounds"):
        bounds.check(esnn_file.load(saved))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(version=2), "format version 2"),
        (lambda m: m.update(surprise=1), "unknown field 'surprise'"),
        (lambda m: m["nodes"][0].update(op="conv9d"), "unknown operation 'conv9d'"),
        (lambda m: m["nodes"][1]["attributes"].update(gain=2), "unknown field 'gain' of operation neuron"),
        (
            lambda m: m["nodes"][1]["attributes"].pop("polarity") and m["nodes"][1]["tensors"].clear(),
            "lacks a field",
        ),
        (lambda m: m["nodes"][0]["tensors"]["weight"].update(shape=[1 << 40, 1 << 40]), "impossible shape"),
        (lambda m: m["nodes"][0]["tensors"]["weight"].update(shape=[3, 3, 1, 9]), "not of the size"),
        (
            lambda m: m["nodes"][0]["tensors"]["weight"].update(file="../../etc/passwd"),
            "missing or not of the size",
        ),
        (lambda m: m.update(timesteps=10**9), "timesteps must be"),
        (lambda m: m.update(timesteps="4"), "'timesteps' is missing or not of type int"),
        (lambda m: m["input"].update(encoding="frames"), "only a static uint8 image"),
        (lambda m: m["classes"].pop(), "class names"),
        (lambda m: m["edges"].pop("rpe.add"), "do not match the edges"),
        (lambda m: m.update(name="\x1b[2J"), "name must be"),
        (lambda m: m.update(name="\x9b2J"), "name must be"),  # the same in one character
        (lambda m: m.update(name="\u202egpj.exe"), "name must be"),  # written from right to left
        (lambda m: m["classes"].__setitem__(0, "\ud800"), "name must be"),  # cannot be printed or saved at all
        (lambda m: m["nodes"][1]["attributes"].pop("polarity"), "in other words"),
        (lambda m: m.update(early=2), "early: must be a JSON object"),
        (lambda m: m.update(early={"timesteps": 2}), "'margin' is missing"),
        (lambda m: m.update(early={"timesteps": True, "margin": 1}), "'timesteps' is missing or not of type int"),
        (lambda m: m.update(early={"timesteps": 2, "margin": 1, "way": "up"}), "unknown field 'way'"),
        (lambda m: m.update(early={"timesteps": 0, "margin": 1}), "timesteps must be"),
        (lambda m: m.update(early={"timesteps": 2, "margin": 1 << 31}), "margin must be"),
        (lambda m: m.update(early={"timesteps": 4, "margin": 1}), "must come before all 4 time steps"),
    ],
)
def test_a_manipulated_manifest_is_refused(saved, change, message):
    edit_manifest(saved, change)
    with pytest.raises(InputError, match=message):
        esnn_file.load(saved)


def test_tensors_under_other_numbers_are_refused(saved):
    """The identity is that of the manifest: two manifests of one model would be two identities."""

    def swap(members):
        manifest = json.loads(members["manifest.json"])
        weight, bias = (manifest["nodes"][0]["tensors"][name] for name in ("weight", "bias"))
        first, second = weight["file"], bias["file"]
        weight["file"], bias["file"] = second, first
        members[first], members[second] = members[second], members[first]
        members["manifest.json"] = canonical(manifest)

    rewrite(saved, swap)
    with pytest.raises(InputError, match="in other words"):
        esnn_file.load(saved)


def test_a_stray_member_is_refused(saved):
    rewrite(saved, lambda members: members.update({"evil.pickle": b"x"}))
    with pytest.raises(InputError, match=r"holds 'evil\.pickle'"):
        esnn_file.load(saved)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x1c\x00\x00\x00TFL3" + b"\0" * 99])
def test_a_foreign_file_is_refused(tmp_path, content):
    path = tmp_path / "foreign.esnn"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"not an \.esnn"):
        esnn_file.load(path)


def test_mutated_files_never_escape_as_anything_but_input_error(saved):
    original = saved.read_bytes()
    rng = random.Random(7)
    refused = 0
    for _ in range(300):
        data = bytearray(original)
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        saved.write_bytes(data)
        try:
            bounds.check(esnn_file.load(saved))
        except InputError:
            refused += 1
    assert refused > 200  # bytes that nothing reads, such as zip dates, may change unnoticed


WORDINGS = {
    "white space": lambda text: text.replace(b",", b", "),
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "UTF-16": lambda text: text.decode().encode("utf-16"),
    "an escaped key": lambda text: text.replace(b'"name"', b'"\\u006eame"'),
    "a key twice": lambda text: text.replace(b'"timesteps":', b'"timesteps":9,"timesteps":'),
}


@pytest.mark.parametrize("wording", WORDINGS)
def test_a_manifest_in_another_wording_is_refused(saved, wording):
    """A reader that takes the first of two keys would see another model under the same identity."""

    def apply(members):
        said = WORDINGS[wording](members["manifest.json"])
        assert said != members["manifest.json"]
        members["manifest.json"] = said

    rewrite(saved, apply)
    with pytest.raises(InputError, match=r"in other words|not valid JSON|twice"):
        esnn_file.load(saved)


NUMBERS = ['{"a":1e999}', '{"a":NaN}', '{"a":-Infinity}', '{"a":' + "9" * 5000 + "}"]


@pytest.mark.parametrize("text", [*NUMBERS, '{"a":1,"a":2}', "[1]"])
def test_provenance_is_json_that_can_be_written_again(saved, text):
    rewrite(saved, lambda members: members.update({"provenance.json": text.encode()}))
    with pytest.raises(InputError, match=r"provenance\.json"):
        esnn_file.load(saved)
