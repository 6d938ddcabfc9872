"""A run goes on where it stopped: nothing measured twice; repeats are kept apart, differences seen."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter

import pytest

from edge_snn.errors import InputError
from edge_snn.harness import signals
from edge_snn.harness.dut import EmulatedDut
from edge_snn.harness.evaluate import INTERRUPTED, Settings, evaluate, evaluate_boards
from edge_snn.harness.facts import HostResults
from edge_snn.harness.journal import JOURNAL
from edge_snn.harness.scoring import Scoring
from tests.harness.runs import HOST, Case, lines


@pytest.fixture(scope="module")
def case(firmware):
    return Case(firmware / "host-runs")


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


def test_a_signal_that_ended_a_run_is_meant_for_the_whole_program():
    """As after `edge_snn.evaluate`: the run has written its files, and now the program gets what it was sent."""
    got = []
    handler = signal.signal(signal.SIGTERM, lambda number, frame: got.append(number))
    try:
        for stopped in ("", "no board is left", "ended by SIGTERM"):
            signals.again(stopped)
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert got == [signal.SIGTERM]


ENDED = """
import os, signal
from edge_snn.harness.signals import endings
with endings():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        print("closed", flush=True)
"""


def test_before_measuring_a_signal_ends_the_process_once_all_is_closed():
    done = subprocess.run([sys.executable, "-c", ENDED], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "closed\n")


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
                [dut],
                [device],
                case.facts,
                case.x[:9],
                Scoring(labels=case.y[:9]),
                case.host,
                tmp_path,
                Settings(resume=True),
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
        done = evaluate(device, case.facts, case.x[:5], Scoring(labels=case.y[:5]), changed, tmp_path)
    finally:
        dut.close()
    assert done.logits_equal == [True, True, False, True, True]
    assert done.counts_equal == [True, True, True, True, False]
