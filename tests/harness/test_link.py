"""What goes wrong on a real line: each failure has one clear end, and no wrong result is recorded."""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
import threading
import time
import zlib

import numpy as np
import pytest

from edge_snn.errors import DeviceError, InputError
from edge_snn.harness import frames, link
from edge_snn.harness.client import Device, RequestRefused
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.firmware import build_firmware
from edge_snn.harness.frames import DeviceResult
from edge_snn.harness.transport import Port
from edge_snn.reference import run
from firmware_gen import boards
from tests.harness.faults import FaultyPort
from tests.networks import images, model

SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-static-libasan")
HOST = boards.load("host")


@pytest.fixture(scope="module")
def made():
    return model()


@pytest.fixture(scope="module")
def built(made, firmware):
    return build_firmware(made, HOST, firmware / "host-sanitized", SANITIZED)


@pytest.fixture
def emulator(built):
    with Emulator(HOST, built.elf) as running:
        yield running


@pytest.fixture
def quick(monkeypatch):
    """Short time-outs: the failures under test are final anyway."""
    monkeypatch.setattr(link, "REPLY_SECONDS", 0.15)
    monkeypatch.setattr(link, "PATIENCE_SECONDS", 0.5)


class Deaf(FaultyPort):
    """A port whose device hears nothing for a while, as one that is still starting."""

    def __init__(self, port, seconds):
        super().__init__(port, 0.0)
        self.hears = time.monotonic() + seconds

    def write(self, data):
        if time.monotonic() >= self.hears:
            self.inner.write(data)


def test_a_device_that_still_starts_costs_no_time_out(emulator, made):
    started = time.monotonic()
    device = Device(Deaf(emulator.port, 0.25), emulator.death)
    device.connect(made.sha256, "host")
    assert time.monotonic() - started < link.REPLY_SECONDS / 2
    assert device.retries == 0


def test_the_device_survives_any_bytes(emulator, made):
    rng = random.Random(5)
    for _ in range(200):
        emulator.port.write(rng.randbytes(rng.randrange(1, 400)))
        kind, payload = rng.randrange(256), rng.randbytes(rng.randrange(0, 272))
        emulator.port.write(frames.Frame(kind, rng.randrange(65536), payload, rng.choice([2, 2, 2, 1])).encode())
        emulator.port.read()
    emulator.port.write(b"\0")
    emulator.port.drain(0.3)
    device = Device(emulator.port, emulator.death)
    assert device.connect(made.sha256).board == "host"
    image = images(1, made.input_shape)
    assert np.array_equal(device.infer(0, image[0]).logits, run(made.graph, image).logits[0])


def test_another_model_on_the_board_is_refused(emulator):
    with pytest.raises(DeviceError, match="runs another model: 'small'"):
        Device(emulator.port).connect("0" * 64)


def test_another_board_is_refused(emulator, made):
    with pytest.raises(DeviceError, match="is board 'host', not 'microbit'"):
        Device(emulator.port).connect(made.sha256, "microbit")


def test_stale_firmware_is_refused(emulator, made, built):
    assert Device(emulator.port).connect(made.sha256, "host", built.build_id).build_id == built.build_id
    with pytest.raises(DeviceError, match=f"runs stale firmware of this model: build {built.build_id[:12]}"):
        Device(emulator.port).connect(made.sha256, "host", "0" * 32)


def test_a_request_without_a_session_is_refused(emulator, made):
    device = Device(emulator.port)
    with pytest.raises(RequestRefused, match="is in another session"):
        device.link.request(frames.WRITE, struct.pack("<II", 0, 0) + bytes(8))
    device.connect(made.sha256)
    with pytest.raises(RequestRefused, match="is in another session"):
        device.link.request(frames.WRITE, struct.pack("<II", device._session ^ 1, 0) + bytes(8))
    with pytest.raises(RequestRefused, match="is in another session"):
        device.link.request(frames.SESSION, struct.pack("<I", 0))


def test_a_damaged_image_is_never_run(emulator, made):
    device = Device(emulator.port)
    device.connect(made.sha256)
    image = images(1, made.input_shape)[0].tobytes()
    named = struct.pack("<III", device._session, 0, zlib.crc32(image))
    with pytest.raises(RequestRefused, match="CRC differs"):
        device.link.run(named, bytes([image[0] ^ 1]) + image[1:], device.info.result_bytes)
    with pytest.raises(RequestRefused, match="no result"):
        device.link.request(frames.RESULT, struct.pack("<III", device._session, 0, 0))


def test_a_repeated_run_is_answered_and_not_run_twice(emulator, made):
    device = Device(emulator.port)
    device.connect(made.sha256)
    image = images(1, made.input_shape)[0]
    first = device.infer(4, image)
    named = struct.pack("<III", device._session, 4, zlib.crc32(image.tobytes()))
    device.link._sequence -= 1  # what a repeated frame has
    again = DeviceResult.decode(device.link.run(named, b"", device.info.result_bytes), device.info)
    assert (again.ticks, again.logits.tolist()) == (first.ticks, first.logits.tolist())
    with pytest.raises(RequestRefused, match="CRC differs"):  # the image itself is gone after the run
        device.link.run(named, b"", device.info.result_bytes)


def test_the_same_image_can_be_measured_again(emulator, made):
    device = Device(emulator.port)
    device.connect(made.sha256)
    image = images(1, made.input_shape)[0]
    ticks = [device.infer(4, image).ticks for _ in range(20)]
    assert len(set(ticks)) > 1, "the device answered from memory"


def test_a_port_that_does_not_exist():
    with pytest.raises(InputError, match="no such port"):
        Port("/dev/ttyNOWHERE")


def test_a_port_that_is_busy():
    leader, follower = os.openpty()
    try:
        first = Port(os.ttyname(follower))
        with pytest.raises(DeviceError, match="the port is busy"):
            Port(os.ttyname(follower))
        first.close()
        Port(os.ttyname(follower)).close()
    finally:
        os.close(leader)
        os.close(follower)


def test_a_url_of_an_unknown_kind():
    with pytest.raises(InputError, match="is no serial port or URL"):
        Port("ftp://example")


def test_a_port_where_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    with pytest.raises(DeviceError, match="cannot be opened"):
        Port(f"socket://127.0.0.1:{number}")


def test_a_port_without_permission_is_no_traceback(tmp_path):
    path = tmp_path / "not-a-tty"
    path.write_text("")
    with pytest.raises((DeviceError, InputError)):
        Port(str(path))


def serve(reply):
    """A TCP port that answers every piece of bytes with ``reply`` of it; returns its URL."""
    server = socket.create_server(("127.0.0.1", 0))

    def work():
        line, _ = server.accept()
        with line, server:
            try:
                while data := line.recv(4096):
                    line.sendall(reply(data))
            except OSError:
                pass  # the test hung up

    threading.Thread(target=work, daemon=True).start()
    return f"socket://127.0.0.1:{server.getsockname()[1]}"


def of_version(version, kind, payload=b""):
    """A device that answers every frame with one of its own protocol version."""

    def reply(data):
        found = frames.Splitter().feed(data)
        return b"".join(
            frames.Frame(kind or f.kind | frames.REPLY, f.sequence, payload, version).encode() for f in found
        )

    return reply


def test_a_silent_port(quick):
    with pytest.raises(DeviceError, match="is silent") as caught:
        Device(Port(serve(lambda data: b""))).connect("0" * 64)
    assert "--wait SECONDS" in caught.value.diagnostic.hint


def test_a_port_that_talks_rubbish(quick):
    with pytest.raises(DeviceError, match="bytes that are no frames") as caught:
        Device(Port(serve(lambda data: b"Login: \0\xff\xfe\0garbage\0"))).connect("0" * 64)
    assert "another firmware, or another baud rate" in caught.value.diagnostic.hint


@pytest.mark.parametrize(("version", "kind", "payload"), [(9, 0, b"new"), (1, frames.ERROR, b"\1\1")])
def test_another_protocol_version(version, kind, payload):
    with pytest.raises(DeviceError, match=f"speaks protocol version {version}, this program {frames.VERSION}"):
        Device(Port(serve(of_version(version, kind, payload)))).connect("0" * 64)


@pytest.mark.qemu
def test_the_end_of_an_emulator_is_told_without_its_chatter(made, firmware):
    """QEMU says on standard error that it waits for a connection; that is not why it ended."""
    board = boards.load("mps2-an386")
    with Emulator(board, build_firmware(made, board, firmware / "quick").elf) as running:
        os.kill(running.pid, signal.SIGKILL)
        end = time.monotonic() + 10
        while not running.death() and time.monotonic() < end:
            time.sleep(0.02)
        assert running.death() == "the emulator was ended by signal 9"


@pytest.mark.qemu
def test_a_reply_does_not_wait_for_the_network(made, firmware):
    """Nagle's algorithm in the emulator's socket would make every request last 40 ms."""
    board = boards.load("mps2-an386")
    with Emulator(board, build_firmware(made, board, firmware / "quick").elf) as running:
        device = Device(running.port, running.death)
        device.connect(made.sha256)
        times = []
        for _ in range(30):
            started = time.monotonic()
            device.read_info()
            times.append(time.monotonic() - started)
    assert sorted(times)[3] < 0.03, times
