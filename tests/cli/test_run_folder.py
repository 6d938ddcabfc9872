"""A run owns its folder, and whatever ends it, what was measured is there: signals, full disks, other runs."""

from __future__ import annotations

import fcntl
import json
import os
import re
import resource
import signal
import termios
import time

import pytest

from edge_snn.harness import journal
from tests.cli.evals import COUNT, EVAL, make_place, report_folder, results, start, wait_for_lines
from tests.cli.test_cli import call


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = make_place(tmp_path_factory.mktemp("folder"))
    report_folder(folder, "first")
    done = call(*EVAL, "--data", "six.npz", "--report", "first", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


LONG = [*EVAL, "--data", "long.npz"]


def finish(place, folder, *arguments):
    """Resumes a run to its end: each image once, each right."""
    done = call(*LONG, "--report", folder, "--resume", "--json", *arguments, cwd=place)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["images"], report["mismatched_logits"], report["journal_lines_damaged"]) == (COUNT, 0, 0)
    assert {line["index"] for line in results(place / folder)} == set(range(COUNT))
    return report


def test_a_second_run_in_a_folder_is_refused_and_harms_nothing(place):
    """A runs, B comes twice, A is killed, and all that A measured is resumed."""
    folder = report_folder(place, "shared-folder")
    a = start(place, *LONG, "--report", "shared-folder")
    wait_for_lines(folder / "journal.jsonl", 100)
    a.send_signal(signal.SIGSTOP)  # so that it is not done before the others have begun
    for extra in (["--limit", "3"], ["--resume"]):
        b = call(*LONG, *extra, "--report", "shared-folder", cwd=place)
        assert b.returncode == 2
        assert re.search(rf"another run writes into this folder: process {a.pid} on \S+, started 20", b.stderr)
        assert "another --report folder" in b.stderr
        assert "Traceback" not in b.stderr
    a.kill()
    a.communicate()
    measured = len(results(folder))
    assert measured >= 100
    assert finish(place, "shared-folder")["images_resumed"] == measured
    assert not list(folder.glob("journal.*.jsonl")), "nothing was set aside"


def test_an_unfinished_journal_survives_runs_that_forget_to_resume(place):
    folder = report_folder(place, "forgotten")
    child = start(place, *LONG, "--report", "forgotten")
    wait_for_lines(folder / "journal.jsonl", 60)
    child.kill()
    child.communicate()
    unfinished = (folder / "journal.jsonl").read_bytes()
    run = journal.decode(unfinished.splitlines()[0])["run"]
    for turn in range(2):
        done = call(*EVAL, "--data", "six.npz", "--report", "forgotten", cwd=place)
        assert done.returncode == 0, done.stderr
        assert (f"it is kept as journal.{run}.jsonl" in done.stderr) == (turn == 0)
    assert (folder / f"journal.{run}.jsonl").read_bytes() == unfinished
    os.replace(folder / f"journal.{run}.jsonl", folder / "journal.jsonl")
    assert finish(place, "forgotten")["run"] == run


def test_the_default_folder_depends_on_the_data(place):
    for limit in ("3", "4"):
        done = call(*EVAL, "--data", "six.npz", "--limit", limit, cwd=place)
        assert done.returncode == 0, done.stderr
    folders = list((place / "build" / "eval").iterdir())
    assert sorted(json.loads((folder / "report.json").read_text())["images"] for folder in folders) == [3, 4]


def heard() -> None:
    """In a child: signals end it, whatever this test's own parent (nohup, a CI's shell) chose to ignore."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_with_its_report(place, number):
    name = number.name
    folder = report_folder(place, name)
    child = start(place, *LONG, "--report", name, "--jobs", "2", prepare=heard)
    wait_for_lines(folder / "journal.jsonl", 60)
    child.send_signal(number)
    time.sleep(0.02)
    child.send_signal(number)  # a shell and the kernel both tell: the second is not the end of the report
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 128 + number, errors
    assert f"ended by {name} after" in errors
    assert "Traceback" not in errors
    report = json.loads((folder / "report.json").read_text())
    assert (report["images"], report["stopped"]) == (len(results(folder)), f"ended by {name}")
    assert (folder / "report.html").exists()
    assert finish(place, name)["images_resumed"] == report["images"]


def test_a_terminal_that_goes_away_ends_a_run_with_its_report(place):
    """As an ssh that drops: SIGHUP, and nothing can be written to the screen any more."""
    folder = report_folder(place, "hangup")
    leader, follower = os.openpty()

    def own_terminal():
        heard()
        os.setsid()
        fcntl.ioctl(follower, termios.TIOCSCTTY, 0)

    child = start(
        place, *LONG, "--report", "hangup", prepare=own_terminal, stdin=follower, stdout=follower, stderr=follower
    )
    os.close(follower)
    wait_for_lines(folder / "journal.jsonl", 60)
    os.close(leader)
    assert child.wait(timeout=60) == 129
    report = json.loads((folder / "report.json").read_text())
    assert report["images"] == len(results(folder)) < COUNT


def test_nohup_is_respected(place):
    folder = report_folder(place, "nohup")
    child = start(
        place,
        *LONG,
        "--limit",
        "400",
        "--report",
        "nohup",
        prepare=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    wait_for_lines(folder / "journal.jsonl", 60)
    child.send_signal(signal.SIGHUP)
    assert child.wait(timeout=60) == 0


def test_a_full_disk_ends_a_run_with_3_and_loses_nothing(place):
    """Here a limit on the size of a file, which needs no disk of its own: the journal is the first to reach it."""
    folder = report_folder(place, "full")
    size = 400_000
    child = start(
        place, *LONG, "--report", "full", prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    )
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 3, errors
    assert "journal.jsonl: cannot be written" in errors
    assert "--resume" in errors
    assert "Traceback" not in errors
    measured = len(results(folder))
    assert measured > 20
    assert json.loads((folder / "report.json").read_text())["images"] == measured
    assert finish(place, "full")["images_resumed"] == measured


def test_a_report_that_cannot_be_written_ends_with_3_and_can_be_had_later(place):
    folder = report_folder(place, "unwritable")
    (folder / "report.html").mkdir()
    done = call(*EVAL, "--data", "six.npz", "--report", "unwritable", cwd=place)
    assert done.returncode == 3
    assert "report.html: the report cannot be written" in done.stderr
    assert "6 of 6 images are in the journal" in done.stderr
    assert not list(folder.glob(".*.part*")), "nothing half-written is left"
    (folder / "report.html").rmdir()
    done = call(*EVAL, "--data", "six.npz", "--report", "unwritable", "--resume", "--json", cwd=place)
    assert done.returncode == 0
    assert json.loads(done.stdout)["images_resumed"] == 6


def test_lines_of_another_board_are_refused_and_left(place):
    """Results of another run under this run's header: their latencies must not be merged."""
    folder = report_folder(place, "mixed")
    done = call(*EVAL, "--data", "six.npz", "--report", "mixed", cwd=place)
    assert done.returncode == 0, done.stderr
    whole = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    other = (place / "first" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    mixed = b"".join([*whole[:3], *other[3:]])
    (folder / "journal.jsonl").write_bytes(mixed)
    done = call(*EVAL, "--data", "six.npz", "--report", "mixed", "--resume", cwd=place)
    assert done.returncode == 2
    assert "cannot be resumed: 4 of its lines are of another run" in done.stderr
    assert (folder / "journal.jsonl").read_bytes() == mixed


def test_a_dead_owner_frees_the_folder(place):
    folder = report_folder(place, "dead-owner")
    (folder / ".lock").write_text("process 1 on elsewhere, started long ago\n")
    done = call(*EVAL, "--data", "six.npz", "--report", "dead-owner", cwd=place)
    assert done.returncode == 0, done.stderr
    with (folder / ".lock").open() as stream:  # who holds it has not written its name yet
        fcntl.flock(stream, fcntl.LOCK_EX)
        done = call(*EVAL, "--data", "six.npz", "--report", "dead-owner", cwd=place)
    assert done.returncode == 2
    assert "another run writes into this folder: its name is not known" in done.stderr
