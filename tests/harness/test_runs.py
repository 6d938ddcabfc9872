"""A run survives what happens to boards: nothing is lost, nothing is measured twice, nothing wrong is recorded."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter

import pytest

from edge_snn.errors import DeviceError, InputError
from edge_snn.harness import dut as dut_module
from edge_snn.harness import frames, shards
from edge_snn.harness.client import Device
from edge_snn.harness.dut import Dut, EmulatedDut
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.evaluate import INTERRUPTED, Settings, evaluate_boards
from edge_snn.harness.journal import JOURNAL
from edge_snn.harness.shards import Work
from tests.harness.runs import HOST, Case, lines


@pytest.fixture(scope="module")
def case(firmware):
    return Case(firmware / "host-runs")


class Forgetful:
    """A port whose device forgets its session, as after a reset, before every ``every``-th request."""

    def __init__(self, port, every):
        self.inner, self.url, self.every, self.writes, self.resets = port, port.url, every, 0, 0

    def write(self, data):
        self.writes += 1
        if self.writes % self.every == 0:
            self.resets += 1
            self.inner.write(frames.Frame(frames.SESSION, 0, b"\x01\x02\x03\x04").encode())
        self.inner.write(data)

    def __getattr__(self, name):
        return getattr(self.inner, name)


class ResetDut(EmulatedDut):
    """A board that is reset again and again."""

    every = 4

    def connect(self):
        device = super().connect()
        if not isinstance(self._emulator.port, Forgetful):
            self._emulator.port = Forgetful(self._emulator.port, self.every)
        again = Device(self._emulator.port, self._emulator.death)
        again.connect(device.info.model_sha256)
        return again


class CableDut(Dut):
    """A board whose firmware and port vanish when ``pull`` is called, and come back anew a while later."""

    def __init__(self, case, label="cable"):
        super().__init__(label)
        self.case, self.emulator, self.away, self.pulls = case, None, 0.0, 0

    def pull(self, seconds=0.25):
        self.pulls += 1
        self.away = time.monotonic() + seconds
        os.kill(self.emulator.pid, signal.SIGKILL)

    def connect(self):
        self.close()
        if time.monotonic() < self.away:
            raise InputError("no such port", where=self.label)
        self.emulator = Emulator(HOST, self.case.elf)
        device = Device(self.emulator.port, self.emulator.death)
        device.connect(self.case.model.sha256)
        return device

    def close(self):
        if self.emulator is not None:
            self.emulator.close()
            self.emulator = None


def test_resets_within_a_run_cost_time_and_nothing_else(case, tmp_path):
    dut = ResetDut("reset", HOST, case.elf, case.model.sha256)
    done = case.run([dut], tmp_path)
    case.check(done)
    assert dut._emulator.port.resets >= 5, "too few resets: the test tests nothing"
    assert done.boards["reset"].resets >= 3
    assert Counter(line["index"] for line in lines(tmp_path)) == Counter(range(len(case.x)))


def test_a_pulled_cable_that_comes_back_costs_time_and_nothing_else(case, tmp_path):
    dut = CableDut(case)

    def progress(count, note):
        if count in (5, 17):
            dut.pull()

    done = case.run([dut], tmp_path, progress)
    case.check(done)
    assert dut.pulls == 2
    assert len(done.boards["cable"].reconnects) == 2
    assert Counter(line["index"] for line in lines(tmp_path)) == Counter(range(len(case.x)))


def test_a_cable_that_stays_away_ends_the_run_and_keeps_the_results(case, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "RECONNECT_SECONDS", 0.4)
    dut = CableDut(case)
    done = case.run([dut], tmp_path, lambda count, note: dut.pull(99) if count == 4 else None)
    assert "signal 9" in done.stopped
    assert 4 <= done.images < len(case.x)
    assert [line["index"] for line in lines(tmp_path)] == list(range(done.images))
    again = case.run([case.dut()], tmp_path, resume=True)
    case.check(again)


def test_an_emulator_that_dies_ends_the_run_at_once_and_keeps_the_results(case, tmp_path):
    dut = case.dut()
    started = time.monotonic()
    done = case.run([dut], tmp_path, lambda count, note: os.kill(dut.pid, signal.SIGKILL) if count == 7 else None)
    assert time.monotonic() - started < 5
    assert "was ended by signal 9" in done.stopped
    assert 7 <= done.images < len(case.x)
    assert [line["index"] for line in lines(tmp_path)] == list(range(done.images))
    assert all(line["logits_equal"] and line["counts_equal"] for line in lines(tmp_path))


def test_a_board_that_dies_hands_its_share_to_the_others(case, tmp_path):
    duts = [case.dut("a"), case.dut("b"), case.dut("c")]

    def progress(count, note):
        if count == 6:
            os.kill(duts[0].pid, signal.SIGKILL)
        if count == 12:
            os.kill(duts[2].pid, signal.SIGKILL)

    done = case.run(duts, tmp_path, progress)
    case.check(done)
    assert "signal 9" in done.boards["a"].stopped
    assert "signal 9" in done.boards["c"].stopped
    assert done.boards["b"].stopped == ""
    shares = Counter(row.on for row in done.rows)
    assert sum(shares.values()) == len(case.x)
    assert shares["b"] >= 1  # at least what the last of the others had in hand


def test_when_the_last_board_dies_the_run_stops(case, tmp_path):
    duts = [case.dut("a"), case.dut("b")]

    def progress(count, note):
        if count == 5:
            for dut in duts:
                os.kill(dut.pid, signal.SIGKILL)

    done = case.run(duts, tmp_path, progress)
    assert "signal 9" in done.stopped
    assert done.images < len(case.x)


def test_several_boards_share_the_images(case, tmp_path):
    done = case.run([case.dut("a"), case.dut("b")], tmp_path)
    case.check(done)
    assert set(Counter(row.on for row in done.rows)) == {"a", "b"}


def test_boards_of_two_kinds_are_not_merged(case, tmp_path):
    class Other(EmulatedDut):
        def connect(self):
            device = super().connect()
            device.info = type(device.info)(**{**device.info.__dict__, "board": "toaster"})
            return device

    with pytest.raises(DeviceError, match="is board 'toaster'"):
        case.run([case.dut("a"), Other("b", HOST, case.elf, case.model.sha256)], tmp_path)
    assert not (tmp_path / JOURNAL).exists()


def test_a_bug_in_a_thread_is_raised_and_not_a_hang(case, tmp_path):
    class Buggy(EmulatedDut):
        def connect(self):
            device = super().connect()
            device.infer = lambda index, image: 1 // 0
            return device

    with pytest.raises(ZeroDivisionError):
        case.run([Buggy("a", HOST, case.elf, case.model.sha256)], tmp_path)


def test_an_image_that_was_handed_back_is_not_lost_while_others_wait():
    work = Work([0])
    taken: list[int | None] = [work.take()]
    waiting = threading.Thread(target=lambda: taken.append(work.take()))
    waiting.start()
    time.sleep(0.05)
    assert waiting.is_alive(), "an idle board must wait: the image may still come back"
    work.hand_back(0)
    waiting.join(5)
    assert taken == [0, 0]
    work.finish()
    assert work.take() is None


def test_ctrl_c_does_not_wait_for_a_board_that_hangs(case, tmp_path):
    """The board's thread is left behind, and its port closed under it."""

    class Hung(EmulatedDut):
        def connect(self):
            device = super().connect()
            inner = device.infer

            def infer(index, image):
                if index == 3:
                    os.kill(self.pid, signal.SIGSTOP)
                return inner(index, image)

            device.infer = infer
            return device

        def drop(self):
            self.dropped = True
            os.kill(self.pid, signal.SIGCONT)
            super().drop()

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    alarm = threading.Timer(1.0, signal.raise_signal, (signal.SIGINT,))
    try:
        dut = Hung("hung", HOST, case.elf, case.model.sha256)
        devices = [dut.connect()]
        alarm.start()
        started = time.monotonic()
        done = evaluate_boards([dut], devices, case.facts, case.x, case.scoring, case.host, tmp_path, Settings())
        assert time.monotonic() - started < 10
    finally:
        alarm.cancel()
        dut.close()
        signal.signal(signal.SIGINT, handler)
    assert (done.stopped, done.images, dut.dropped) == (INTERRUPTED, 3, True)
    assert len(lines(tmp_path)) == 3


class Flash:
    """What a PortDut opens: a port whose device may be gone, at another baud rate than the default."""

    opened = 0
    is_away = False

    def __init__(self, url):
        if Flash.is_away:
            raise InputError("no such port", where=url)
        Flash.opened += 1
        self.url, self.baud, self.closed = url, 1, False

    def drain(self):
        return 0

    def close(self):
        self.closed = True


class FlashDevice:
    """A device whose every wish fails once its port is gone."""

    def __init__(self, port):
        self.port = port
        self.info = type("Info", (), {"board": "microbit", "build_id": "x"})

    def connect(self, sha256, board):
        return self.info

    def require_build(self, build_id):
        assert build_id == "build of microbit"

    def set_baud(self, baud):
        return True

    def close(self):
        raise DeviceError("the port was lost", where=self.port.url)


def test_a_port_that_was_lost_at_a_high_baud_rate_can_be_opened_anew(monkeypatch):
    monkeypatch.setattr(dut_module, "Port", Flash)
    monkeypatch.setattr(dut_module, "Device", FlashDevice)
    monkeypatch.setattr(Flash, "opened", 0)
    dut = dut_module.PortDut("/dev/x", 921600, "a" * 64, None, lambda name: f"build of {name}")
    first = dut.connect()
    monkeypatch.setattr(Flash, "is_away", True)
    with pytest.raises(InputError, match="no such port"):
        dut.connect()
    assert first.port.closed
    monkeypatch.setattr(Flash, "is_away", False)
    second = dut.connect()
    assert Flash.opened == 2
    dut.close()
    assert second.port.closed
