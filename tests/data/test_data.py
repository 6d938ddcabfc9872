"""Data sets load whole, and nothing hostile gets further than one clear error."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zipfile

import numpy as np
import pytest

from edge_snn import data
from edge_snn.data import idx
from edge_snn.errors import InputError, ToolMissingError


def save(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


X = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4)
Y = np.array([1, 0])


def test_the_shipped_images_are_the_official_ones():
    shipped = data.load("fashion-mnist-1000")
    assert shipped.x.shape == (1000, 28, 28, 1)
    assert len(shipped.classes) == 10
    # Facts of the official test set: its first labels, and the sum of its first image.
    assert shipped.y[:10].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    assert int(shipped.x[0].sum()) == 33456
    assert len(data.load("fashion-mnist-calibration").x) == 256


def test_npz_files_of_both_kinds(tmp_path):
    both = save(tmp_path / "a.npz", x_train=X, y_train=Y, x_test=X[:1], y_test=Y[:1])
    assert data.load(both, "train").x.shape == (2, 4, 4, 1)
    assert len(data.load(both, "test").x) == 1
    plain = save(tmp_path / "b.npz", x=X[..., None], y=Y[:, None].astype(np.uint8))
    assert data.load(plain).y.tolist() == [1, 0]
    joined = data.from_npz([tmp_path / "b.npz", tmp_path / "b.npz"], "train")
    assert joined.y.tolist() == [1, 0, 1, 0]


def test_digits_need_no_files():
    train, test = data.load("digits", "train"), data.load("digits", "test")
    assert train.x.shape == (1437, 8, 8, 1)
    assert test.x.shape == (360, 8, 8, 1)
    assert test.x.max() == 255


def test_averaging_down_is_exact_and_rounds_half_up():
    x = np.array([[0, 1, 255, 255], [1, 0, 255, 255], [1, 1, 2, 0], [1, 0, 0, 0]], np.uint8)[None, ..., None]
    small = data.fit(data.Dataset(x, np.array([0])), (2, 2, 1))
    assert small.x[0, :, :, 0].tolist() == [[1, 255], [1, 1]]  # 2/4, 255, 3/4, 2/4


@pytest.mark.parametrize("shape", [(3, 3, 1), (2, 4, 1), (2, 2, 3), (8, 8, 1)])
def test_another_shape_is_refused(shape):
    with pytest.raises(InputError, match="images are 4x4x1"):
        data.fit(data.Dataset(X[..., None], Y), shape)


def test_labels_out_of_range_are_refused():
    with pytest.raises(InputError, match="label 1 of image 0 is out of range: the model has 1 classes"):
        data.check_labels(data.Dataset(X[..., None], Y), 1)
    with pytest.raises(InputError, match="label -3 is out of range"):
        data.Dataset(X[..., None], np.array([0, -3]))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, "has neither x_test and y_test nor x and y"),
        ({"x": X.astype(np.float32), "y": Y}, "images must be uint8"),
        ({"x": X, "y": Y.astype(np.float64)}, "labels must be integers"),
        ({"x": X, "y": Y[:1]}, "2 images but 1 labels"),
        ({"x": X[:0], "y": Y[:0]}, "there is no image"),
        ({"x": X[0, 0], "y": Y}, "images must be uint8"),
        ({"x": X, "y": np.array([{}, {}], dtype=object)}, "holds Python objects"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, message):
    with pytest.raises(InputError, match=message):
        data.load(save(tmp_path / "a.npz", **arrays))


def member(header: bytes, body: bytes) -> bytes:
    """A .npy member with its header text."""
    text = header + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


@pytest.mark.parametrize(
    "content",
    [
        member(b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000, 1000000)}", b"\0" * 10),
        member(b"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 4, 4)}", b"\0" * 3),
        member(b"__import__('os').system('true')", b""),
        b"not numpy at all",
    ],
)
def test_members_that_lie_are_refused(tmp_path, content):
    path = tmp_path / "evil.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", content)
        archive.writestr("y.npy", content)
    with pytest.raises(InputError, match=r"evil\.npz"):
        data.load(str(path))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.npz"
    count = 300_000_000
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as stream:
        header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({count}, 1, 1)}}".encode()
        stream.write(member(header, b""))
        for _ in range(300):
            stream.write(bytes(1_000_000))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("y.npy", member(b"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", b"\0"))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError, match="implausibly large"):
        data.load(str(path))


@pytest.mark.parametrize("cut", [0, 10, 100, 200])
def test_truncated_archives_are_refused(tmp_path, cut):
    path = tmp_path / "a.npz"
    save(path, x=X, y=Y)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError):
        data.load(str(path))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        b"\0\0\x0d\x01\0\0\0\x01\0",
        b"\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\0\0\x08\x01\0\0\0\x09ab",
        b"\0\0\x08\x03\x80\x52\xca\x02\0\0\0\0\xff\xff\xe1\xea",  # found by an hour of fuzzing
    ],
)
def test_broken_idx_files_are_refused(tmp_path, content):
    path = tmp_path / "a-idx"
    path.write_bytes(content)
    with pytest.raises(InputError):
        idx.read(path)
    packed = tmp_path / "a-idx.gz"
    packed.write_bytes(gzip.compress(content)[:-3])
    with pytest.raises(InputError):
        idx.read(packed)


def test_idx_files_are_found_in_a_given_folder(tmp_path):
    def write(name, array):
        head = b"\0\0\x08" + bytes([array.ndim]) + b"".join(struct.pack(">I", dim) for dim in array.shape)
        (tmp_path / name).write_bytes(head + array.tobytes())

    write("t10k-images-idx3-ubyte", X)
    write("t10k-labels-idx1-ubyte", Y.astype(np.uint8))
    assert data.load("fashion-mnist", "test", root=tmp_path).x.shape == (2, 4, 4, 1)
    with pytest.raises(InputError, match="holds no train-images"):
        data.load("fashion-mnist", "train", root=tmp_path)


def test_a_folder_of_images(tmp_path):
    from PIL import Image

    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        Image.fromarray(X[0]).save(tmp_path / name / "a.png")
    loaded = data.load(str(tmp_path))
    assert (loaded.classes, loaded.y.tolist()) == (("cat", "dog"), [0, 1])
    assert np.array_equal(loaded.x[1, :, :, 0], X[0])
    (tmp_path / "dog" / "b.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    with pytest.raises(InputError, match=r"b\.png: not an image"):
        data.load(str(tmp_path))


CLASSES = ("T-shirt/top", "Bag", "Ankle boot")


def named(*classes, labels=None):
    count = len(classes) if labels is None else len(labels)
    y = np.arange(count) if labels is None else np.array(labels)
    return data.Dataset(np.zeros((count, 4, 4, 1), np.uint8), y, classes, "mine")


def test_a_broken_png_in_a_folder_is_an_error_by_name(tmp_path):
    """Found by fuzzing: Pillow raises SyntaxError for it."""
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "a.png").write_bytes(
        bytes.fromhex(
            "89504e470d0a1a0a0000000d4948445200000004000000040802000000269309290000001449444154789c63646064628601161e1e1effffffffaa00e928d7a41900000000"
        )
    )
    with pytest.raises(InputError, match="not an image, or a damaged one"):
        data.load(str(tmp_path))


def test_a_folder_gets_the_models_numbers_by_the_names_of_its_classes():
    """The order of names is not the order of logits: by position, two of these three would be scored as wrong."""
    matched = data.match_classes(named("ankle boot", "Bag", "T-shirt_top"), CLASSES)
    assert (matched.y.tolist(), matched.classes) == ([2, 1, 0], CLASSES)
    assert data.match_classes(named("Bag"), CLASSES).y.tolist() == [1]


def test_a_class_that_the_model_does_not_have_is_refused():
    with pytest.raises(InputError, match="class 'Sack' is none of the model's: T-shirt/top, Bag"):
        data.match_classes(named("Bag", "Sack"), CLASSES)
    # A folder without images is no label.
    assert data.match_classes(named("Bag", "Sack", labels=[0, 0]), CLASSES).y.tolist() == [1, 1]


@pytest.mark.parametrize(("own", "models"), [((), CLASSES), (("a", "b", "c"), ("0", "1", "2")), (("0", "1"), CLASSES)])
def test_numbers_stay_where_there_are_no_names_to_go_by(own, models):
    assert data.match_classes(named(*own, labels=[1, 0]), models).y.tolist() == [1, 0]
    with pytest.raises(InputError, match="out of range"):
        data.match_classes(named(labels=[3]), models)


def test_the_first_images_of_a_folder_are_of_all_classes(tmp_path):
    from PIL import Image

    for name in ("cat", "dog", "eel"):
        (tmp_path / name).mkdir()
        for index in range(2 if name == "dog" else 3):
            Image.fromarray(X[0]).save(tmp_path / name / f"{index}.png")
    assert data.load(str(tmp_path)).y.tolist() == [0, 1, 2, 0, 1, 2, 0, 2]
    assert data.load(str(tmp_path), limit=3).y.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["/dev/zero", "pipe"])
def test_what_has_no_end_is_not_read(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with pytest.raises(InputError, match="is a pipe or a device"):
        data.load(name)


@pytest.mark.parametrize("name", ["²", "9" * 20])
def test_a_folder_name_that_is_no_label_is_a_class(tmp_path, name):
    from PIL import Image

    (tmp_path / name).mkdir()
    Image.fromarray(X[0]).save(tmp_path / name / "a.png")
    loaded = data.load(str(tmp_path))
    assert (loaded.classes, loaded.y.tolist()) == ((name,), [0])


def test_deep_images_are_refused_rather_than_clipped(tmp_path):
    from PIL import Image

    (tmp_path / "cat").mkdir()
    Image.fromarray(X[0].astype(np.uint16) * 999).save(tmp_path / "cat" / "a.png")
    with pytest.raises(InputError, match="more than 8 bits"):
        data.load(str(tmp_path))


def test_unknown_names_are_refused_with_those_there_are():
    with pytest.raises(InputError, match="no such data set") as caught:
        data.load("imagenet")
    assert "fashion-mnist-1000" in str(caught.value)


def test_cifar10_is_read_from_the_file_in_the_variable(tmp_path, monkeypatch):
    rng = np.random.default_rng(5)
    x = rng.integers(0, 256, (300, 4, 4, 3), np.uint8)
    y = np.arange(300) % 10
    named = []
    for order in (np.arange(300), rng.permutation(300)):
        np.savez(tmp_path / "cifar10.npz", x_train=x[order], y_train=y[order], x_test=x[:3], y_test=y[:3])
        monkeypatch.setenv("EDGE_SNN_CIFAR10", str(tmp_path / "cifar10.npz"))
        assert data.load("cifar10", "train").x.shape == (300, 4, 4, 3)
        assert data.load("cifar10", "test").y.tolist() == [0, 1, 2]
        named.append(data.load("cifar10-calibration"))
    assert len(named[0].x) == 256
    assert named[0].classes[0] == "airplane"
    np.testing.assert_array_equal(named[0].x, named[1].x)  # the same images, however the copy is ordered
    np.testing.assert_array_equal(named[0].y, named[1].y)
    monkeypatch.setenv("EDGE_SNN_CIFAR10", str(tmp_path / "none.npz"))
    with pytest.raises(InputError):
        data.load("cifar10")


def test_cifar10_without_keras_says_what_to_install(monkeypatch):
    import importlib

    monkeypatch.delenv("EDGE_SNN_CIFAR10", raising=False)
    real = importlib.import_module
    monkeypatch.setattr(
        importlib, "import_module", lambda name: (_ for _ in ()).throw(ImportError) if "keras" in name else real(name)
    )
    with pytest.raises(ToolMissingError, match="needs Keras"):
        data.load("cifar10")


def test_nothing_is_read_from_a_pickle(tmp_path):
    import pickle

    path = tmp_path / "a.npz"
    buffer = io.BytesIO()
    pickle.dump({"x": 1}, buffer)
    path.write_bytes(buffer.getvalue())
    with pytest.raises(InputError):
        data.load(str(path))
