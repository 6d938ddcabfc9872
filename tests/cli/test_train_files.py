"""A preset trains on anybody's images: their size and their number of classes."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.cli.train import _for_files
from edge_snn.data import Dataset
from edge_snn.errors import InputError
from edge_snn.models import preset


def data(height, width, channels, labels):
    return Dataset(np.zeros((len(labels), height, width, channels), np.uint8), np.array(labels), (), "mine.npz")


def test_images_of_another_size_change_the_input():
    made = _for_files(preset("fashion-mnist"), data(20, 24, 3, [0, 3]))
    assert made.input_shape == (20, 24, 3)
    assert made.classes == 4
    assert made.width == preset("fashion-mnist").width


def test_images_that_average_down_keep_the_input():
    assert _for_files(preset("fashion-mnist-nano"), data(28, 28, 1, [0, 1])).input_shape == (14, 14, 1)


def test_one_class_is_still_two_logits():
    assert _for_files(preset("digits"), data(8, 8, 1, [0, 0])).classes == 2


def test_a_label_beyond_all_reason_is_refused_before_memory_is_asked_for():
    with pytest.raises(InputError, match=r"mine\.npz: label 1000000000 is out of range"):
        _for_files(preset("digits"), data(8, 8, 1, [0, 1_000_000_000]))
