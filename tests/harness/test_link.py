"""What goes wrong on a real line: each failure has one clear end, and no wrong result is recorded."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
import time

import numpy as np
import pytest

from edge_snn.errors import DeviceError, InputError
from edge_snn.harness import client, frames
from edge_snn.harness.client import Device, RequestRefused
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.evaluate import evaluate
from edge_snn.harness.facts import HostResults, model_facts
from edge_snn.harness.transport import Port
from edge_snn.plan import build_plan
from edge_snn.reference import run
from firmware_gen import boards
from firmware_gen.build import build
from tests.networks import images, model

SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-static-libasan")
HOST = boards.load("host")


@pytest.fixture(scope="module")
def made():
    return model()


@pytest.fixture(scope="module")
def built(made, firmware):
    return build(made, HOST, firmware / "host-sanitized", SANITIZED)


@pytest.fixture
def emulator(built):
    with Emulator(HOST, built.elf) as running:
        yield running


@pytest.fixture
def quick(monkeypatch):
    """Short time-outs: the failures under test are final anyway."""
    monkeypatch.setattr(client, "REPLY_SECONDS", 0.15)


class Line:
    """A port that damages what passes: a share of bytes is flipped, lost, doubled, or gets company."""

    def __init__(self, port, share, seed=0):
        self.inner, self.url, self.share = port, port.url, share
        self.rng = random.Random(seed)

    def damage(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            fate = self.rng.random() / self.share if self.share else 9
            if fate < 0.25:
                out.append(byte ^ (1 << self.rng.randrange(8)))
            elif fate < 0.5:
                pass
            elif fate < 0.75:
                out += bytes([byte, byte])
            elif fate < 1:
                out += bytes([self.rng.randrange(256), byte])
            else:
                out.append(byte)
        return bytes(out)

    def read(self):
        return self.damage(self.inner.read())

    def write(self, data):
        self.inner.write(self.damage(data))

    def close(self):
        self.inner.close()


def test_a_noisy_line_costs_time_and_nothing_else(emulator, made, monkeypatch):
    monkeypatch.setattr(client, "REPLY_SECONDS", 0.1)
    monkeypatch.setattr(client, "RUN_SECONDS", 0.5)
    monkeypatch.setattr(client, "TRIES", 40)
    x = images(12, made.input_shape)
    want = run(made.graph, x)
    device = Device(Line(emulator.port, 1e-3), emulator.death)
    device.connect(made.sha256, "host")
    for index, image in enumerate(x):
        result = device.infer(index, image)
        assert np.array_equal(result.logits, want.logits[index])
        assert np.array_equal(result.counts, want.counts[index])
    assert device.retries > 0, "the line did no damage: the test tests nothing"


class Deaf(Line):
    """A port whose device hears nothing for a while, as one that is still starting."""

    def __init__(self, port, seconds):
        super().__init__(port, 0)
        self.hears = time.monotonic() + seconds

    def write(self, data):
        if time.monotonic() >= self.hears:
            self.inner.write(data)


def test_a_device_that_still_starts_costs_no_time_out(emulator, made):
    started = time.monotonic()
    device = Device(Deaf(emulator.port, 0.25), emulator.death)
    device.connect(made.sha256, "host")
    assert time.monotonic() - started < client.REPLY_SECONDS
    assert device.retries == 0


def test_the_device_survives_any_bytes(emulator, made):
    rng = random.Random(5)
    for _ in range(200):
        emulator.port.write(rng.randbytes(rng.randrange(1, 400)))
        kind, payload = rng.randrange(256), rng.randbytes(rng.randrange(0, 272))
        emulator.port.write(frames.Frame(kind, rng.randrange(65536), payload, rng.choice([1, 1, 1, 2])).encode())
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


def test_a_request_without_a_session_is_refused(emulator, made):
    device = Device(emulator.port)
    device.info = device.read_info()
    with pytest.raises(RequestRefused, match="is in another session"):
        device.infer(0, images(1, made.input_shape)[0])


def test_a_damaged_image_is_never_run(emulator, made, monkeypatch):
    device = Device(emulator.port)
    device.connect(made.sha256)
    image = images(1, made.input_shape)[0]
    monkeypatch.setattr(client.zlib, "crc32", lambda data: 12345)
    with pytest.raises((RequestRefused, DeviceError)):
        device.infer(0, image)


def test_a_repeated_run_is_answered_and_not_run_twice(emulator, made):
    device = Device(emulator.port)
    device.connect(made.sha256)
    first = device.infer(4, images(1, made.input_shape)[0])
    import struct
    import zlib

    check = zlib.crc32(images(1, made.input_shape)[0].tobytes())
    again = device._request(frames.RUN, struct.pack("<III", device._session, 4, check))
    assert again[:16] == struct.pack("<IIII", device._session, 4, check, int(np.argmax(first.logits)))
    assert again[16:].hex() == made.sha256
    with pytest.raises(RequestRefused, match="CRC differs"):  # the image itself is gone after the run
        device._request(frames.RUN, struct.pack("<III", device._session, 5, check))


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
    """A TCP port that answers every piece of bytes with ``reply``; returns its URL."""
    server = socket.create_server(("127.0.0.1", 0))

    def work():
        line, _ = server.accept()
        with line, server:
            try:
                while line.recv(4096):
                    if reply:
                        line.sendall(reply)
            except OSError:
                pass  # the test hung up

    threading.Thread(target=work, daemon=True).start()
    return f"socket://127.0.0.1:{server.getsockname()[1]}"


def test_a_silent_port(quick):
    with pytest.raises(DeviceError, match="is silent"):
        Device(Port(serve(b""))).connect("0" * 64)


def test_a_port_that_talks_rubbish(quick):
    with pytest.raises(DeviceError, match="bytes that are no frames"):
        Device(Port(serve(b"Login: \0\xff\xfe\0garbage\0"))).connect("0" * 64)


def test_another_protocol_version(quick, monkeypatch):
    monkeypatch.setattr(client.secrets, "randbelow", lambda bound: 6)
    reply = frames.Frame(frames.INFO | frames.REPLY, 7, b"", version=9).encode()
    with pytest.raises(DeviceError, match="speaks protocol version 9"):
        Device(Port(serve(reply))).connect("0" * 64)


def prepare(made, count):
    x = images(count, made.input_shape)
    result = run(made.graph, x)
    host = HostResults(result.logits, result.counts, sum(result.sops.values()))
    return x, np.arange(count) % 10, host, model_facts(made, build_plan(made))


def test_an_emulator_that_dies_keeps_what_was_measured(emulator, made, tmp_path):
    x, y, host, facts = prepare(made, 30)
    device = Device(emulator.port, emulator.death)
    device.connect(made.sha256, "host")

    def kill(count, note):
        if count == 7:
            os.kill(emulator.pid, signal.SIGKILL)
            time.sleep(0.1)

    done = evaluate(device, facts, x, y, host, tmp_path, kill)
    assert "was ended by signal 9" in done.stopped
    assert done.images == 7
    rows = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert [row["index"] for row in rows] == list(range(7))
    assert all(row["logits_equal"] and row["counts_equal"] for row in rows)


def test_ctrl_c_keeps_what_was_measured(emulator, made, tmp_path):
    x, y, host, facts = prepare(made, 10)
    device = Device(emulator.port, emulator.death)
    device.connect(made.sha256, "host")

    def interrupt(count, note):
        if count == 4:
            raise KeyboardInterrupt

    done = evaluate(device, facts, x, y, host, tmp_path, interrupt)
    assert (done.stopped, done.images) == ("interrupted", 4)
    assert len((tmp_path / "journal.jsonl").read_text().splitlines()) == 4


def test_a_difference_is_seen(emulator, made, tmp_path):
    x, y, host, facts = prepare(made, 5)
    logits, counts = host.logits.copy(), host.counts.copy()
    logits[2, 3] += 1
    counts[4, 0] -= 1
    device = Device(emulator.port, emulator.death)
    device.connect(made.sha256, "host")
    done = evaluate(device, facts, x, y, HostResults(logits, counts, host.sops), tmp_path)
    assert done.logits_equal == [True, True, False, True, True]
    assert done.counts_equal == [True, True, True, True, False]


@pytest.mark.qemu
def test_the_end_of_an_emulator_is_told_without_its_chatter(made, firmware):
    """QEMU says on standard error that it waits for a connection; that is not why it ended."""
    board = boards.load("mps2-an386")
    with Emulator(board, build(made, board, firmware / "quick").elf) as running:
        os.kill(running.pid, signal.SIGKILL)
        end = time.monotonic() + 10
        while not running.death() and time.monotonic() < end:
            time.sleep(0.02)
        assert running.death() == "the emulator was ended by signal 9"


@pytest.mark.qemu
def test_a_reply_does_not_wait_for_the_network(made, firmware):
    """Nagle's algorithm in the emulator's socket would make every request last 40 ms."""
    board = boards.load("mps2-an386")
    with Emulator(board, build(made, board, firmware / "quick").elf) as running:
        device = Device(running.port, running.death)
        device.connect(made.sha256)
        times = []
        for _ in range(30):
            started = time.monotonic()
            device.read_info()
            times.append(time.monotonic() - started)
    assert sorted(times)[3] < 0.03, times
