"""Thousands of images through a line that damages bytes and a device that is reset: each result once, and right."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from edge_snn.harness.client import Device
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.firmware import build_firmware
from edge_snn.reference import run
from firmware_gen import boards
from tests.harness.faults import KINDS, FaultyPort
from tests.networks import images, model

SHARE = 1e-3  # of the bytes, each way


@pytest.fixture(scope="module")
def made():
    """784 bytes an image, as the MNIST family: several frames each way."""
    return model(size=28)


@pytest.fixture(scope="module")
def small():
    """400 bytes an image: emulated boards are slow."""
    return model(size=20)


def stream(made, built, board, count, resets, seed, different=50):
    """Streams ``count`` images; asserts that every result is the reference's; returns device and port."""
    x = images(different, made.input_shape)
    want = run(made.graph, x)
    rng = random.Random(seed)
    at = {index: 1.5 * rng.random() for index in rng.sample(range(1, count), resets)}
    recorded = []
    with Emulator(board, built.elf) as emulator:
        port = FaultyPort(emulator.port, SHARE, seed)
        device = Device(port, emulator.death, floor=0.02)
        device.connect(made.sha256, board.name, built.build_id)
        original = port.write

        def write(data):
            """Resets the device amid the first bytes of the image whose turn it is, or a few milliseconds later."""
            share = at.pop(len(recorded), None)
            if share is None:
                return original(data)
            cut = min(int(share * len(data)), len(data))
            original(data[:cut])
            time.sleep(max(0.0, share - 1) / 50)
            emulator.reset()
            return original(data[cut:])

        port.write = write
        for index in range(count):
            result = device.infer(index, x[index % different])
            assert np.array_equal(result.logits, want.logits[index % different]), f"logits of image {index}"
            assert np.array_equal(result.counts, want.counts[index % different]), f"spike counts of image {index}"
            recorded.append(index)
    assert recorded == list(range(count))
    assert not at
    return device, port


def test_faults_and_resets_cost_time_and_nothing_else(made, firmware):
    board = boards.load("host")
    device, port = stream(made, build_firmware(made, board, firmware / "faults"), board, 300, 5, seed=1)
    assert device.resets >= 5
    assert device.retries > 0
    assert set(port.done) == set(KINDS), "a kind of fault was never done: the test tests less than it says"


@pytest.mark.qemu
@pytest.mark.parametrize("board_name", ["mps2-an386", pytest.param("microbit", marks=pytest.mark.slow)])
def test_faults_and_resets_on_an_emulated_board(board_name, small, firmware):
    board = boards.load(board_name)
    device, port = stream(small, build_firmware(small, board, firmware / f"faults-{board_name}"), board, 60, 3, seed=2)
    assert device.resets >= 3
    assert sum(port.done.values()) > 5


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_ten_thousand_images_through_faults_and_twenty_resets(made, firmware):
    board = boards.load("host")
    device, port = stream(made, build_firmware(made, board, firmware / "faults"), board, 10_000, 20, seed=3)
    assert device.resets >= 20
    assert min(port.done[kind] for kind in KINDS) > 100


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.timeout(7200)
def test_ten_thousand_images_through_faults_and_twenty_resets_on_an_emulated_board(small, firmware):
    board = boards.load("mps2-an386")
    built = build_firmware(small, board, firmware / "faults-mps2-an386")
    device, port = stream(small, built, board, 10_000, 20, seed=4)
    assert device.resets >= 20
    assert min(port.done[kind] for kind in KINDS) > 100
