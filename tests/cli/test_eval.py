"""``edge-snn eval`` and ``compare`` as a user types them: runs that end early, go on, share boards, miss thresholds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from tests.cli.evals import COUNT, EVAL, make_place, report_folder, results, start, wait_for_lines
from tests.cli.test_cli import call


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return make_place(tmp_path_factory.mktemp("eval"))


def test_a_killed_run_goes_on_where_it_was_and_again_after_ctrl_c(place):
    """Twice stopped, by SIGKILL and by Ctrl-C, twice resumed: each image once, each right."""
    arguments = [*EVAL, "--data", "long.npz", "--report", "killed", "--jobs", "2"]
    folder = report_folder(place, "killed")
    child = start(place, *arguments)
    wait_for_lines(folder / "journal.jsonl", 150)
    child.kill()
    child.communicate()
    first = {line["index"]: line for line in results(folder)}
    assert 150 <= len(first) < COUNT

    child = start(place, *arguments, "--resume")
    wait_for_lines(folder / "journal.jsonl", len(first) + 150)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130, errors
    assert "--resume goes on" in errors
    second = {line["index"]: line for line in results(folder)}
    assert all(second[index] == line for index, line in first.items())
    assert len(first) + 100 < len(second) < COUNT
    report = json.loads((folder / "report.json").read_text())
    assert (report["images"], report["stopped"]) == (len(second), "interrupted")
    assert report["images_resumed"] == len(first)
    done = call("compare", "killed", "killed", cwd=place)
    assert done.returncode == 2
    assert "did not finish" in done.stderr

    done = call(*arguments, "--resume", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["images"], report["images_resumed"], report["stopped"]) == (COUNT, len(second), "")
    assert (report["mismatched_logits"], report["mismatched_spike_counts"]) == (0, 0)
    assert Counter(line["index"] for line in results(folder)) == Counter(range(COUNT))
    assert sum(board["images"] for board in report["boards"]) == COUNT


def test_an_emulator_that_dies_ends_with_3_and_keeps_the_results(place):
    report_folder(place, "dead")
    child = start(place, *EVAL, "--data", "long.npz", "--report", "dead")
    wait_for_lines(place / "dead" / "journal.jsonl", 50)
    firmware = subprocess.run(["pgrep", "-P", str(child.pid)], capture_output=True, text=True).stdout.split()
    assert len(firmware) == 1
    os.kill(int(firmware[0]), signal.SIGKILL)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 3, errors
    assert "was ended by signal 9" in errors
    assert "Traceback" not in errors
    report = json.loads((place / "dead" / "report.json").read_text())
    assert 50 <= report["images"] == len(results(place / "dead")) < COUNT
    assert (place / "dead" / "report.html").exists()
    case = ET.parse(place / "dead" / "junit.xml").getroot().find(".//testcase[@name='all images measured']")
    assert [child.tag for child in case] == ["error"]


def test_resume_refuses_what_it_does_not_fit(place):
    report_folder(place, "fits")
    done = call(*EVAL, "--data", "six.npz", "--report", "fits", cwd=place)
    assert done.returncode == 0, done.stderr
    before = (place / "fits" / "journal.jsonl").read_bytes()
    other = ["eval", "--emulate", "host", "--model", "other.esnn"]
    for arguments, message in (
        ([*EVAL, "--data", "six.npz", "--limit", "5"], "its results are of data 'six.npz' (6 images"),
        ([*EVAL, "--data", "six.npz", "--repeat", "2"], "its results are of repeat 1, this run's are of 2"),
        ([*other, "--data", "six.npz"], "its results are of model 'small'"),
    ):
        done = call(*arguments, "--report", "fits", "--resume", cwd=place)
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr
    assert (place / "fits" / "journal.jsonl").read_bytes() == before
    report_folder(place, "nothing")
    done = call(*EVAL, "--data", "six.npz", "--report", "nothing", "--resume", cwd=place)
    assert done.returncode == 2
    assert "there is no journal to resume" in done.stderr


def test_boards_at_several_ports_share_the_images(place):
    elf = json.loads(call("build", "small.esnn", "--board", "host", "-o", "shared", "--json", cwd=place).stdout)["elf"]
    pairs = [os.openpty() for _ in range(2)]
    import tty

    names = [os.ttyname(follower) for _, follower in pairs]
    for _, follower in pairs:
        tty.setraw(follower)
    boards = [subprocess.Popen([str(place / elf)], stdin=leader, stdout=leader) for leader, _ in pairs]
    try:
        arguments = ["eval", "--port", names[0], "--port", names[1], "--board", "host", "--model", "small.esnn"]
        done = call(*arguments, "--data", "long.npz", "--limit", "60", "--report", "ports", "--json", cwd=place)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert {board["label"]: board["images"] > 0 for board in report["boards"]} == dict.fromkeys(names, True)
        assert (report["images"], report["mismatched_logits"]) == (60, 0)
        done = call("eval", "--port", names[0], "--port", names[0], *EVAL[3:], "--data", "six.npz", cwd=place)
        assert done.returncode == 2
        assert "the same --port is given twice" in done.stderr
    finally:
        for board in boards:
            board.kill()
            board.wait()
        for leader, follower in pairs:
            os.close(leader)
            os.close(follower)


def test_a_missed_threshold_ends_with_1_and_is_a_failure_in_junit(place):
    report_folder(place, "low")
    done = call(*EVAL, "--data", "six.npz", "--report", "low", "--min-accuracy", "1", cwd=place)
    assert done.returncode == 1
    assert "is below the 1.0000 asked for" in done.stderr
    suite = ET.parse(place / "low" / "junit.xml").getroot().find("testsuite")
    assert suite.get("failures") == "1"
    assert suite.find("testcase[@name='accuracy']/failure") is not None


def test_repeats_make_a_jitter(place):
    report_folder(place, "r3")
    done = call(*EVAL, "--data", "six.npz", "--report", "r3", "--repeat", "3", "--warmup", "1", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["latency"]["inferences"], report["repeat"], report["images"]) == (18, 3, 6)
    assert report["latency"]["jitter"] >= 0
    assert {row["name"]: row["status"] for row in report["checks"]}["repeated inferences agree"] == "passed"


def test_compare_tells_what_changed_and_fails_past_a_threshold(place):
    report_folder(place, "c-small")
    done = call(*EVAL, "--data", "six.npz", "--report", "c-small", cwd=place)
    assert done.returncode == 0, done.stderr
    shutil.copytree(place / "c-small", place / "c-other", symlinks=True)
    done = call(
        "compare", "c-small", "c-small/report.json", "--max-accuracy-drop", "0", "--max-slowdown", "0", cwd=place
    )
    assert done.returncode == 0, done.stderr
    assert "images classified otherwise: 0" in done.stdout

    report = json.loads((place / "c-other" / "report.json").read_text())
    report["model_sha256"] = "0" * 64
    rows = report["confusion"]
    right = next(index for index, row in enumerate(rows) if row[index])
    rows[right][right] -= 1
    rows[right][right - 1] += 1
    report["correct"] -= 1
    report["accuracy"] = report["metric"]["value"] = report["correct"] / report["images"]
    (place / "c-other" / "report.json").write_text(json.dumps(report))
    arguments = ["compare", "c-small", "c-other", "--max-accuracy-drop"]
    assert call(*arguments, "0.17", cwd=place).returncode == 0
    done = call(*arguments, "0.16", "--json", cwd=place)
    assert done.returncode == 1
    assert "accuracy dropped by 0.1667, allowed are 0.1600" in done.stderr
    changes = json.loads(done.stdout)
    assert changes["missed"] == ["accuracy dropped by 0.1667, allowed are 0.1600"]
    assert changes["same_model"] is False
    assert changes["flips"] is None, "predictions.csv is that of other results"
    report["mismatched_logits"] = 1
    (place / "c-other" / "report.json").write_text(json.dumps(report))
    done = call("compare", "c-small", "c-other", cwd=place)
    assert done.returncode == 2
    assert "is impossible: the check" in done.stderr
    report["checks"][1]["status"] = "failed"
    (place / "c-other" / "report.json").write_text(json.dumps(report))
    assert call("compare", "c-small", "c-other", cwd=place).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*EVAL, "--data", "six.npz", "--port", "/dev/ttyX"], "either --emulate BOARD or --port"),
        (["eval", "--port", "x", "--jobs", "2", *EVAL[3:], "--data", "six.npz"], "--jobs is for --emulate"),
        ([*EVAL, "--data", "six.npz", "--jobs", "0"], "--jobs must be 1 to 64"),
        ([*EVAL, "--data", "six.npz", "--repeat", "0"], "Invalid value for '--repeat'"),
        (["compare", "nothing", "six.npz"], "no such file"),
        (["compare", "six.npz", "six.npz"], "is not valid JSON"),
    ],
)
def test_bad_input_is_one_message_and_an_exit_code(place, arguments, message):
    done = call(*arguments, cwd=place)
    assert done.returncode == 2, done.stderr
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
