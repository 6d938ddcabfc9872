"""A run survives what happens to boards: nothing is lost, nothing is measured twice, nothing wrong is recorded."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter

import numpy as np
import pytest

from edge_snn.errors import DeviceError, InputError
from edge_snn.harness import dut as dut_module
from edge_snn.harness import frames, journal, shards
from edge_snn.harness.client import Device
from edge_snn.harness.dut import Dut, EmulatedDut
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.evaluate import INTERRUPTED, Settings, evaluate, evaluate_boards
from edge_snn.harness.facts import HostResults, model_facts
from edge_snn.harness.journal import JOURNAL
from edge_snn.harness.shards import Work
from edge_snn.plan import build_plan
from edge_snn.reference import run
from firmware_gen import boards
from firmware_gen.build import build
from tests.networks import images, model

HOST = boards.load("host")


class Case:
    """A small model, its firmware for this computer, and images with the host's results."""

    def __init__(self, folder, count=30):
        self.model = model()
        self.elf = build(self.model, HOST, folder).elf
        self.x = images(count, self.model.input_shape)
        self.y = np.arange(count) % 10
        self.host = HostResults.of(run(self.model.graph, self.x))
        self.facts = model_facts(self.model, build_plan(self.model))

    def dut(self, label="a"):
        return EmulatedDut(label, HOST, self.elf, self.model.sha256)

    def run(self, duts, folder, progress=None, **settings):
        devices = [dut.connect() for dut in duts]
        chosen = Settings(**settings)
        try:
            return evaluate_boards(duts, devices, self.facts, self.x, self.y, self.host, folder, chosen, progress)
        finally:
            for dut in duts:
                dut.close()

    def check(self, done):
        """Every image once, and right."""
        assert done.stopped == ""
        assert [row.index for row in done.rows] == list(range(len(self.x)))
        for row in done.rows:
            assert np.array_equal(row.result.logits, self.host.logits[row.index])
            assert row.logits_equal
            assert row.counts_equal
            assert row.repeats_equal


@pytest.fixture(scope="module")
def case(firmware):
    return Case(firmware / "host-runs")


def lines(folder):
    """The results in a journal, each checked."""
    header, *rest = (folder / JOURNAL).read_bytes().splitlines()
    assert journal.decode(header)["journal"] == 1
    found = [journal.decode(line) for line in rest]
    assert None not in found
    return found


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


def test_ctrl_c_keeps_what_was_measured_and_resume_does_the_rest(case, tmp_path):
    def interrupt(count, note):
        if count == 4:
            raise KeyboardInterrupt

    done = case.run([case.dut()], tmp_path, interrupt)
    assert done.stopped == INTERRUPTED
    assert 4 <= done.images < len(case.x)
    assert len(lines(tmp_path)) == done.images
    before = {line["index"] for line in lines(tmp_path)}
    again = case.run([case.dut("b")], tmp_path, resume=True)
    case.check(again)
    assert again.resumed == len(before)
    assert {row.index for row in again.rows if row.on == "a"} == before
    assert Counter(line["index"] for line in lines(tmp_path)) == Counter(range(len(case.x)))


def test_a_signal_ends_a_run_between_two_results(case, tmp_path):
    def interrupt(count, note):
        if count == 4:
            signal.raise_signal(signal.SIGINT)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = case.run([case.dut()], tmp_path, interrupt)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, handler)
    assert done.stopped == INTERRUPTED
    assert len(lines(tmp_path)) == done.images


def test_a_damaged_journal_line_is_measured_again(case, tmp_path):
    case.run([case.dut()], tmp_path)
    whole = (tmp_path / JOURNAL).read_bytes().splitlines(keepends=True)
    whole[3] = whole[3].replace(b'"index"', b'"inbex"')
    (tmp_path / JOURNAL).write_bytes(b"".join(whole[:-4]) + whole[-4][:30])
    done = case.run([case.dut("b")], tmp_path, resume=True)
    case.check(done)
    assert (done.damaged, done.resumed) == (2, len(case.x) - 5)
    assert sorted(row.index for row in done.rows if row.on == "b") == [2, *range(len(case.x) - 4, len(case.x))]
    assert len(lines(tmp_path)) == len(case.x)


def test_a_finished_journal_is_resumed_without_a_single_inference(case, tmp_path):
    case.run([case.dut()], tmp_path)
    dut = case.dut("b")
    done = case.run([dut], tmp_path, resume=True)
    case.check(done)
    assert done.resumed == len(case.x)


def test_resume_refuses_other_images(case, tmp_path):
    case.run([case.dut()], tmp_path)
    dut = case.dut()
    device = dut.connect()
    try:
        with pytest.raises(InputError, match="its results are of data"):
            evaluate_boards(
                [dut], [device], case.facts, case.x[:9], case.y[:9], case.host, tmp_path, Settings(resume=True)
            )
    finally:
        dut.close()
    assert len(lines(tmp_path)) == len(case.x), "the refused journal must be untouched"


def test_repeats_are_timed_apart_and_compared(case, tmp_path):
    done = case.run([case.dut()], tmp_path, repeat=3, warmup=2)
    case.check(done)
    assert all(len(row.runs) == 3 for row in done.rows)
    assert all(len(line["ticks"]) == 3 for line in lines(tmp_path))
    resumed = case.run([case.dut()], tmp_path, repeat=3, resume=True)
    assert resumed.resumed == len(case.x)


class MoodyDut(EmulatedDut):
    """A board whose third inference is another."""

    def connect(self):
        device = super().connect()
        inner, calls = device.infer, []

        def infer(index, image):
            calls.append(index)
            result = inner(index, image)
            if len(calls) == 3:
                result.logits[0] += 1
            return result

        device.infer = infer
        return device


def test_repeats_that_differ_are_seen_and_survive_the_journal(case, tmp_path):
    done = case.run([MoodyDut("moody", HOST, case.elf, case.model.sha256)], tmp_path, repeat=2)
    assert [row.index for row in done.rows if not row.repeats_equal] == [1]
    assert [row.index for row in done.rows if not row.logits_equal] == [1]
    done = case.run([MoodyDut("moody", HOST, case.elf, case.model.sha256)], tmp_path, repeat=4)
    assert [row.index for row in done.rows if not row.repeats_equal] == [0]
    again = case.run([case.dut()], tmp_path, repeat=4, resume=True)
    assert [row.index for row in again.rows if not row.repeats_equal] == [0]


def test_a_difference_is_seen(case, tmp_path):
    logits, counts = case.host.logits.copy(), case.host.counts.copy()
    logits[2, 3] += 1
    counts[4, 0] -= 1
    dut = case.dut()
    device = dut.connect()
    try:
        changed = HostResults(logits, counts, case.host.sops)
        done = evaluate(device, case.facts, case.x[:5], case.y[:5], changed, tmp_path)
    finally:
        dut.close()
    assert done.logits_equal == [True, True, False, True, True]
    assert done.counts_equal == [True, True, True, True, False]


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
        done = evaluate_boards([dut], devices, case.facts, case.x, case.y, case.host, tmp_path, Settings())
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
