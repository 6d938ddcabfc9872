"""Inputs that are no images: read from a file, checked against the model's input, encoded as TFLite does it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_snn.data import Dataset, Samples, samples
from edge_snn.errors import InputError
from edge_snn.graph.border import Border

PIXELS = Border("uint8", 1.0, 0, (1, 2, 3, 1))
BYTES = Border("int8", 0.5, 100, (1, 2, 3, 1))
FLOATS = Border("float32", 0.5, 100, (1, 6))
X = np.arange(24).reshape(4, 2, 3, 1)
Y = np.arange(4)


def save(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


def fitted(x, takes, shape=(2, 3, 1), y=None):
    return samples.fit(Samples.of_arrays(x, y), takes, shape, ())


def quantised(value, scale, zero):
    """QUANTIZE of TFLite in words: the float32 quotient, to the nearest, halves away from zero, plus the zero point."""
    quotient = float(np.float32(value) / np.float32(scale))
    nearest = int(abs(quotient) + 0.5) * (1 if quotient >= 0 else -1)
    return min(max(nearest + zero, 0), 255)


def test_each_type_of_the_file_becomes_its_code():
    assert np.array_equal(fitted(X.astype(np.uint8), PIXELS).x, X)
    assert np.array_equal(fitted((X - 128).astype(np.int8), BYTES).x, X)
    assert np.array_equal(fitted(X.astype(np.uint8), BYTES).x, X), "q + 128 is taken as well"
    rows = np.array([[0, 0.24, 0.25, -0.25, 0.75, -0.75], [1e30, -1e30, 77.6, -50.1, 0.2499, 3.3]], np.float32)
    found = fitted(rows, FLOATS, (1, 1, 6))
    assert found.x.shape == (2, 1, 1, 6)
    assert found.x[0].ravel().tolist() == [100, 100, 101, 99, 102, 98]
    assert found.x[:, 0, 0].tolist() == [[quantised(value, 0.5, 100) for value in row] for row in rows]
    assert np.array_equal(found.given, rows)


def test_floats_are_quantised_by_the_scale_of_an_input_of_8_bits():
    values = np.linspace(-60, 90, 24, dtype=np.float32).reshape(4, 2, 3, 1)
    expected = [quantised(value, 0.5, 100) for value in values.ravel()]
    assert fitted(values, BYTES).x.ravel().tolist() == expected


def test_axes_of_one_may_be_missing_and_samples_may_be_flat():
    for shape in ((4, 2, 3), (4, 6), (4, 2, 3, 1), (4, 1, 2, 3)):
        assert np.array_equal(fitted((X - 128).astype(np.int8).reshape(shape), BYTES).x, X)


def test_bytes_that_are_no_pictures_are_not_averaged():
    line = Border("uint8", 0.5, 3, (1, 6, 1))
    x = X.astype(np.uint8)
    for shape in ((4, 6, 1), (4, 6), (4, 1, 6)):
        assert np.array_equal(fitted(x.reshape(shape), line, (1, 6, 1)).x.ravel(), x.ravel())
    with pytest.raises(InputError, match="samples are 12x1 uint8, the model takes 6x1 uint8"):
        fitted(x.reshape(2, 12, 1), line, (1, 6, 1))


@pytest.mark.parametrize(
    ("x", "takes", "message"),
    [
        (X.astype(np.int8).reshape(4, 3, 2, 1), BYTES, "samples are 3x2x1 int8, the model takes 2x3x1 int8"),
        (X.astype(np.int8).reshape(4, 3, 2), replace(BYTES, dtype="uint8"), "samples are 3x2 int8"),
        (X.astype(np.int8), replace(BYTES, dtype="uint8"), "samples are int8, the model takes uint8"),
        (X.astype(np.uint8).reshape(4, 6), FLOATS, "samples are uint8, the model takes float32"),
        (X.astype(np.uint8).reshape(4, 3, 2, 1), PIXELS, r"images are 3x2x1 \(height, width, channels\)"),
        (X.astype(np.float32), PIXELS, "images must be uint8"),
        (np.full((1, 6), np.nan, np.float32), FLOATS, "numbers that are not finite"),
    ],
)
def test_what_does_not_fit_is_refused(x, takes, message):
    shape = (1, 1, 6) if takes is FLOATS else (2, 3, 1)
    with pytest.raises(InputError, match=message):
        fitted(x, takes, shape)


def test_pixels_of_whole_multiples_are_averaged_for_8_bits():
    large = np.repeat(np.repeat(X.astype(np.uint8), 2, axis=1), 2, axis=2)
    for takes in (PIXELS, BYTES):
        assert np.array_equal(fitted(large, takes).x, X)
    assert fitted(large[..., 0], PIXELS).name == "arrays (2x3)"


def test_pixels_are_numbers_of_a_float_model_in_steps_of_one():
    takes = Border("float32", 1.0, 0, (1, 2, 3, 1))
    assert np.array_equal(fitted(X.astype(np.uint8), takes).x, X)
    assert np.array_equal(fitted(X.astype(np.float32) + 0.4, takes).x, X)


def test_a_file_may_hold_labels_targets_groups_or_nothing(tmp_path):
    x = X.astype(np.float32)
    plain = samples.load(save(tmp_path / "a.npz", x=x))
    assert (plain.y, plain.targets, plain.groups, plain.name) == (None, None, None, "a.npz")
    found = samples.load(save(tmp_path / "b.npz", x_test=x, y_test=Y[:, None], group_test=Y // 2), limit=3)
    assert found.y.tolist() == [0, 1, 2]
    assert found.groups.tolist() == [0, 0, 1]
    assert len(found.x) == 3
    wanted = np.ones((4, 5), np.int8)
    assert np.array_equal(samples.load(save(tmp_path / "c.npz", x=x, y=wanted)).targets, wanted)
    assert samples.load(save(tmp_path / "d.npz", x=x, y=Y * 0.5)).targets.tolist() == [0, 0.5, 1, 1.5]
    assert samples.load(save(tmp_path / "e.npz", x=x, y=wanted)).head(2).targets.shape == (2, 5)
    labelled = Dataset(X.astype(np.uint8), Y, name="images")
    assert samples.of(labelled, limit=2).y.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": Y}, "has neither x_test nor x"),
        ({"x": X.astype(np.float64)}, r"not float64\[4, 2, 3, 1\]\n  hint: x.astype\(numpy.float32\)"),
        ({"x": Y.astype(np.uint8)}, r"samples must be uint8, int8 or float32 \[N, ..\]"),
        ({"x": X.astype(np.int8)[:0]}, "there is no image"),
        ({"x": X.astype(np.int8), "y": Y[:3]}, "4 images but 3 labels"),
        ({"x": X.astype(np.int8), "y": np.ones((3, 2), np.float32)}, "4 images but 3 targets"),
        ({"x": X.astype(np.int8), "group": Y[:3]}, "4 images but 3 groups"),
        ({"x": X.astype(np.int8), "group": Y * 0.5}, "groups must be integers"),
        ({"x": X.astype(np.int8), "y": Y - 1}, "label -1 is out of range"),
        ({"x": X.astype(np.int8), "y": np.full((4, 2), np.inf)}, "targets that are not finite"),
        ({"x": X.astype(np.int8), "y": np.full((4, 2), 1e300)}, "targets that are not finite numbers of float32"),
        ({"x": X.astype(np.int8), "y": np.ones((4, 2), np.int32)}, "y must be labels"),
        ({"x": X.astype(np.int8), "y": np.array(["a"] * 4)}, "y must be labels"),
        ({"x": X.astype(np.int8), "y": np.array([{}] * 4, dtype=object)}, "holds Python objects"),
        ({"x": np.array(1, np.int8)}, "samples must be"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, arrays, message):
    with pytest.raises(InputError, match=message):
        samples.load(save(tmp_path / "a.npz", **arrays))


def test_labels_are_brought_to_the_names_of_the_model():
    given = Samples(X.astype(np.uint8), Y % 2, classes=("dog", "cat"))
    assert samples.fit(given, PIXELS, (2, 3, 1), ("cat", "dog")).y.tolist() == [1, 0, 1, 0]
    with pytest.raises(InputError, match="class 'dog' is none of the model's"):
        samples.fit(given, PIXELS, (2, 3, 1), ("cat", "cow"))
