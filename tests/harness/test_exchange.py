"""What goes over the line, and when: overhead, retransmission, flow control, time-outs, baud rates."""

from __future__ import annotations

import struct
import time

import numpy as np
import pytest

from edge_snn.errors import DeviceError
from edge_snn.harness import frames
from edge_snn.harness.client import Device
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.firmware import build_firmware
from edge_snn.harness.frames import Frame, Splitter
from edge_snn.harness.pace import Pace
from edge_snn.harness.transport import DEFAULT_BAUD
from edge_snn.plan import build_plan
from edge_snn.reference import run
from firmware_gen import boards, build_id
from firmware_gen.codegen import generate
from tests.networks import images, model

HOST = boards.load("host")


@pytest.fixture(scope="module")
def large():
    """A model that takes 784 bytes an image, as the MNIST family."""
    return model(size=28)


@pytest.fixture
def emulator(large, firmware):
    with Emulator(HOST, build_firmware(large, HOST, firmware / "large").elf) as running:
        yield running


class Tap:
    """A port that lets a test see, and drop, what passes.

    Attributes:
        sent: the frames that the host sent.
        lose: tells of each of them whether the line loses it.
        garble: whether the rates of both sides differ.
    """

    def __init__(self, port):
        self.inner, self.url, self.baud = port, port.url, port.baud
        self.sent: list[Frame] = []
        self.lose = lambda frame: False
        self.garble = lambda: False

    def write(self, data):
        for frame in Splitter().feed(data):
            self.sent.append(frame)
            if not self.lose(frame):
                self.inner.write(bytes(byte ^ 0x55 for byte in data) if self.garble() else data)

    def read(self):
        data = self.inner.read()
        return bytes(byte ^ 0xAA for byte in data) if self.garble() else data

    def set_baud(self, baud):
        self.baud = baud


def test_overhead_of_an_image_is_below_a_tenth(emulator, large):
    x = images(20, large.input_shape)
    device = Device(emulator.port, emulator.death)
    device.connect(large.sha256)
    before = device.sent_bytes
    for index, image in enumerate(x):
        device.infer(index, image)
    assert device.retries == 0
    assert device.image_bytes == 20 * 784
    assert device.sent_bytes - before - device.image_bytes < 0.1 * device.image_bytes


@pytest.mark.parametrize("window", [1, 2, 8])
def test_only_the_lost_chunk_is_sent_again(emulator, large, window):
    port = Tap(emulator.port)
    device = Device(port, emulator.death)
    device.connect(large.sha256)
    device.link.window = window
    lost = []

    def lose(frame):
        again = frame.kind == frames.WRITE and frame.payload[4:8] == struct.pack("<I", 264) and not lost
        lost.extend([frame] * again)
        return again

    port.lose = lose
    image = images(1, large.input_shape)[0]
    want = run(large.graph, image[None]).logits[0]
    port.sent.clear()
    assert np.array_equal(device.infer(0, image).logits, want)
    writes = [frame.payload[4:8] for frame in port.sent if frame.kind == frames.WRITE]
    assert sorted(writes) == sorted(struct.pack("<I", offset) for offset in (0, 264, 264))
    assert device.retries == 1


def test_only_the_lost_part_of_a_result_is_fetched_again(emulator, large):
    class Deaf(Tap):
        """Loses the second frame of the first result."""

        splitter = Splitter()
        results = 0

        def read(self):
            kept = []
            for frame in self.splitter.feed(super().read()):
                self.results += frame.kind == frames.RUN | frames.REPLY
                if not (self.results == 2 and frame.kind == frames.RUN | frames.REPLY):
                    kept.append(frame.encode())
            return b"".join(kept)

    port = Deaf(emulator.port)
    device = Device(port, emulator.death)
    info = device.connect(large.sha256)
    assert info.result_bytes > frames.PART_BYTES, "one part: the test tests nothing"
    image = images(1, large.input_shape)[0]
    device.infer(0, image)
    assert port.results == 2
    asked = [frame.payload[8:] for frame in port.sent if frame.kind == frames.RESULT]
    assert asked == [struct.pack("<I", frames.PART_BYTES)]
    assert sum(frame.kind == frames.RUN for frame in port.sent) == 1


@pytest.mark.parametrize("window", [1, 4])
def test_no_more_is_sent_than_the_device_takes_in(emulator, large, window):
    port = Tap(emulator.port)
    device = Device(port, emulator.death)
    device.connect(large.sha256)
    device.link.window = window
    device.link.request(frames.INFO, b"")
    open_now, most = set(), 0

    class Counting(Splitter):
        def feed(self, data):
            found = super().feed(data)
            open_now.difference_update(frame.sequence for frame in found)
            return found

    def count(frame):
        nonlocal most
        open_now.add(frame.sequence)
        most = max(most, len(open_now))
        return False

    port.lose, device.link._splitter = count, Counting()
    device.link.exchange([(frames.INFO, b"")] * 20)
    assert most == window


def test_time_outs_follow_the_device():
    pace = Pace(first=1.0, floor=0.01, ceiling=2.0)
    assert pace.wait() == 1.0
    for _ in range(50):
        pace.sample(0.05)
    assert 0.1 <= pace.wait() < 0.11
    assert pace.wait(1) == 2 * pace.wait()
    assert pace.wait(9) == 16 * pace.wait()
    for _ in range(50):
        pace.sample(0.4)
    assert 0.8 <= pace.wait() < 0.9
    assert pace.wait(9) == 2.0
    fast = Pace(first=1.0, floor=0.01, ceiling=2.0)
    fast.sample(1e-5)
    assert fast.wait() == 0.01


def test_a_lost_request_is_noticed_at_the_devices_own_pace(emulator, large):
    port = Tap(emulator.port)
    device = Device(port, emulator.death, floor=0.02)
    device.connect(large.sha256)
    x = images(4, large.input_shape)
    for index in range(3):
        device.infer(index, x[index])
    lost = []
    port.lose = lambda frame: frame.kind == frames.RUN and not lost and not lost.append(frame)
    started = time.monotonic()
    device.infer(3, x[3])
    assert lost
    assert time.monotonic() - started < 0.5


def test_a_reset_between_write_and_run_sends_the_image_anew(emulator, large):
    port = Tap(emulator.port)
    device = Device(port, emulator.death)
    device.connect(large.sha256)
    old = device._session
    image = images(1, large.input_shape)[0]
    done = []

    def reset(frame):
        if frame.kind == frames.RUN and not done:
            done.append(frame)
            emulator.reset()
        return False

    port.lose = reset
    result = device.infer(0, image)
    assert np.array_equal(result.logits, run(large.graph, image[None]).logits[0])
    assert device.resets == 1
    assert device._session != old
    assert device.read_info().session == device._session


def test_a_device_that_comes_back_with_another_model_is_refused(emulator, large, firmware):
    device = Device(emulator.port, emulator.death)
    device.connect(large.sha256)
    emulator._elf = build_firmware(model(size=28, timesteps=2), HOST, firmware / "other").elf
    emulator.reset()
    with pytest.raises(DeviceError, match="runs another model"):
        device.infer(0, images(1, large.input_shape)[0])


def test_a_baud_rate_is_agreed_and_given_back(emulator, large):
    device = Device(emulator.port, emulator.death)
    device.connect(large.sha256)
    assert device.set_baud(921600)
    assert device.read_info().baud == device.port.baud == 921600
    device.close()
    assert device.read_info().baud == device.port.baud == DEFAULT_BAUD


def test_a_rate_that_does_not_work_ends_at_the_default_on_both_sides(emulator, large):
    """The line garbles everything while both sides are at the higher rate."""
    port = Tap(emulator.port)
    fast = []
    port.garble = lambda: bool(fast) and time.monotonic() < fast[0] + 2.5
    device = Device(port, emulator.death)
    device.connect(large.sha256)
    original = port.set_baud

    def set_baud(baud):
        fast.extend([time.monotonic()] * (baud != DEFAULT_BAUD))
        original(baud)

    port.set_baud = set_baud
    assert not device.set_baud(921600)
    assert port.baud == DEFAULT_BAUD
    device._wanted_baud = DEFAULT_BAUD
    assert device.read_info().baud == DEFAULT_BAUD


def test_a_device_that_is_reset_at_a_high_rate_is_found_at_the_default_and_taken_up_again(emulator, large):
    port = Tap(emulator.port)
    device = Device(port, emulator.death, floor=0.02)
    device.connect(large.sha256)
    assert device.set_baud(460800)
    emulator.reset()
    port.lose = lambda frame: port.baud != DEFAULT_BAUD and device.resets == 0  # nobody hears the old rate
    x = images(2, large.input_shape)
    for index in range(2):
        device.infer(index, x[index])
    assert device.resets == 1
    assert device.read_info().baud == port.baud == 460800


@pytest.mark.qemu
def test_a_board_refuses_rates_it_does_not_have(firmware):
    made, board = model(), boards.load("microbit")
    with Emulator(board, build_firmware(made, board, firmware / f"microbit-{made.sha256[:12]}").elf) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(made.sha256)
        assert not device.set_baud(12345)
        assert device.port.baud == device.read_info().baud == DEFAULT_BAUD
        assert device.set_baud(1000000)
        assert device.read_info().baud == 1000000


@pytest.mark.parametrize("name", boards.names())
def test_dividers_come_near_their_rates(name):
    board = boards.load(name)
    for baud, divider in board.dividers().items():
        assert divider >= 16
        assert abs(board.uart_clock_hz / divider / baud - 1) < 0.015
    assert not board.bauds or DEFAULT_BAUD in board.bauds


def test_the_build_id_is_that_of_the_sources(large, firmware):
    made = build_firmware(large, HOST, firmware / "large")
    assert build_id.expected(build_plan(large), HOST) == made.build_id
    assert build_id.expected(build_plan(large), boards.load("microbit")) != made.build_id
    assert build_id.expected(build_plan(model(size=28, timesteps=2)), HOST) != made.build_id


@pytest.mark.parametrize("name", boards.names())
def test_the_build_id_needs_no_build(name, large, tmp_path):
    board = boards.load(name)
    plan = build_plan(large, board.has_vectors)
    generated = generate(plan, tmp_path)
    assert build_id.of(generated.files, board).hex() == build_id.expected(plan, board)
