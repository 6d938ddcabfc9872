"""Files from and for outside: only plain ones are read, and nothing half-written stays."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edge_snn.data import folder, idx, npz
from edge_snn.errors import InputError
from edge_snn.files import need_file, parse_json, read_bytes, write_text, writing
from edge_snn.frontends import tflite_file
from edge_snn.graph import esnn_file
from edge_snn.training import checkpoint
from firmware_gen.verify import elf


def read_image(path: Path) -> None:
    place = path.parent / "classes" / "0"
    place.mkdir(parents=True)
    path.rename(place / "picture.png")
    folder.read(place.parent)


READERS = {
    "model": esnn_file.load,
    "archive": lambda path: npz.read(path, ("x",)),
    "idx": idx.read,
    "image": read_image,
    "tflite": tflite_file.load,
    "ELF": elf.load,
    "run": checkpoint.read_json,
    "weights": checkpoint.digest,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, reader):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a pipe or a device"):
        READERS[reader](tmp_path / "pipe")


def test_a_name_that_no_file_can_have_is_told():
    with pytest.raises(InputError, match="cannot be read"):
        need_file("a\0b")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(5 << 20)
    with pytest.raises(InputError, match="is larger than 4 MB"):
        read_bytes(path, 4 << 20)
    assert len(read_bytes(path, 5 << 20)) == 5 << 20


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "report.json"
    write_text(path, "first \udce9")
    assert path.read_text() == "first \\udce9"
    with pytest.raises(ZeroDivisionError), writing(path) as aside:
        aside.write_text(f"half {1 // 0}")
    assert path.read_text().startswith("first")
    assert list(tmp_path.iterdir()) == [path]


def test_a_clean_up_that_fails_does_not_hide_why(tmp_path, monkeypatch):
    """As on a file system that became read-only: writing fails, and so does removing what was begun."""

    def refuse(*_args, **_options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        patch.setattr(Path, "write_bytes", refuse)
        with pytest.raises(InputError, match=r"m\.esnn: cannot be written: Read-only file system"):
            write_text(tmp_path / "m.esnn", "text")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"a": 1, "b": {"a": 2, "a": 3}}', "the key 'a' twice"),
        (b"[1e999]", "not finite: 1e999"),
        (b"[NaN]", "not finite: NaN"),
        (b"\xff", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"9" * 5000, "not valid JSON"),
        (b"", "not valid JSON"),
    ],
)
def test_json_that_readers_could_take_differently_is_refused(text, reason):
    with pytest.raises(InputError, match=reason):
        parse_json(text, "manifest.json")
