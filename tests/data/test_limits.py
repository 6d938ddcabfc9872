"""``--limit`` limits what is read: memory and time go with what is asked for, not with what a file claims."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_snn import data
from edge_snn.data import npz
from edge_snn.errors import InputError

COUNT, SIDE = 20_000, 64  # 80 MB of pixels


def archive(path: Path, members: dict[str, np.ndarray]) -> Path:
    np.savez_compressed(path, **members)
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """80 MB of pixels that compress well, but not like a bomb."""
    rows = np.random.default_rng(1).integers(0, 256, (COUNT, 1, SIDE, 1), np.uint8)
    x = np.broadcast_to(rows, (COUNT, SIDE, SIDE, 1))
    return archive(tmp_path_factory.mktemp("large") / "large.npz", {"x": x, "y": np.arange(COUNT) % 10})


def peak(work) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_one_image_of_a_large_archive_takes_little_memory(large):
    loaded = data.load(str(large), limit=3)
    assert loaded.x.shape == (3, SIDE, SIDE, 1)
    assert (loaded.x == data.load(str(large)).x[:3]).all()
    assert peak(lambda: data.load(str(large), limit=1)) < 8 << 20


def test_images_are_not_held_twice(large):
    assert peak(lambda: data.load(str(large))) < 1.2 * COUNT * SIDE * SIDE


def test_a_limit_beyond_the_end_reads_all(large):
    assert len(data.load(str(large), limit=COUNT + 5).x) == COUNT


def test_what_a_file_claims_is_believed_only_as_far_as_it_is_read(tmp_path):
    """Zeros pack 1:1000: whole it is a bomb, its first image is 4 kB."""
    path = archive(tmp_path / "bomb.npz", {"x": np.zeros((40_000, SIDE, SIDE), np.uint8), "y": np.zeros(40_000, int)})
    with pytest.raises(InputError, match=r"implausibly large\n  hint: .*--limit"):
        data.load(str(path))
    assert data.load(str(path), limit=1).x.shape == (1, SIDE, SIDE, 1)


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_order_of_an_array_is_kept(tmp_path, order):
    x = np.asarray(np.random.default_rng(2).integers(0, 256, (7, 5, 4, 3), np.uint8), order=order)
    path = archive(tmp_path / "a.npz", {"x": x, "y": np.arange(7)})
    assert (data.load(str(path)).x == x).all()
    assert (data.load(str(path), limit=2).x[:2] == x[:2]).all()
    assert len(data.load(str(path), limit=2).head(2).x) == 2


def test_a_limit_does_not_hide_labels_that_are_missing(tmp_path):
    path = archive(tmp_path / "a.npz", {"x": np.zeros((7, 5, 4), np.uint8), "y": np.arange(6)})
    with pytest.raises(InputError, match="not of one length"):
        data.load(str(path), limit=2)


def test_two_members_of_one_name_are_refused(tmp_path):
    path = archive(tmp_path / "a.npz", {"x": np.zeros((2, 5, 4), np.uint8), "y": np.arange(2)})
    member = zipfile.ZipFile(path).read("x.npy")
    with zipfile.ZipFile(path, "a") as twice, pytest.warns(UserWarning, match="Duplicate name"):
        twice.writestr("x.npy", member)
    with pytest.raises(InputError, match="two members of the archive have one name"):
        npz.read(path, ("x", "y"))


def test_idx_files_are_read_as_far_as_asked(tmp_path):
    for name, shape in (("t10k-images-idx3-ubyte", (500, 28, 28)), ("t10k-labels-idx1-ubyte", (500,))):
        body = np.random.default_rng(3).integers(0, 10, shape, np.uint8)
        head = b"\0\0\x08" + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
        cut = b"" if name.startswith("t10k-labels") else b"behind the 20 images nothing is read"
        whole = head + body.tobytes()
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(whole[: len(head) + 20 * 784] + cut if cut else whole))
    assert data.load("fashion-mnist", limit=20, root=tmp_path).x.shape == (20, 28, 28, 1)
    with pytest.raises(InputError, match="holds"):
        data.load("fashion-mnist", root=tmp_path)


def test_a_folder_is_read_as_far_as_asked(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for index in range(3):
            Image.fromarray(np.full((4, 4), index, np.uint8)).save(tmp_path / name / f"{index}.png")
        (tmp_path / name / "9.png").write_bytes(b"damaged")
    loaded = data.load(str(tmp_path), limit=4)
    assert loaded.y.tolist() == [0, 1, 0, 1]
    assert loaded.x[:, 0, 0, 0].tolist() == [0, 0, 1, 1]
    with pytest.raises(InputError, match="damaged"):
        data.load(str(tmp_path))


@pytest.mark.parametrize(
    ("dtype", "hint"), [("int64", r"x\.astype\(numpy\.uint8\)"), ("float32", r"x \* 255"), ("bool", r"astype")]
)
def test_images_of_another_type_come_with_how_to_cast_them(tmp_path, dtype, hint):
    path = archive(tmp_path / "a.npz", {"x": np.zeros((2, 5, 4), dtype), "y": np.arange(2)})
    with pytest.raises(InputError, match=rf"images must be uint8(.|\n)*hint: .*{hint}"):
        data.load(str(path))
