"""The report's files: figures that add up, a page that opens from disk, and no name that is more than a name."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from edge_snn.data import Metric
from edge_snn.errors import DeviceError, MismatchError
from edge_snn.harness import charts, figures
from edge_snn.harness.checks import Check, error_of
from edge_snn.harness.evaluate import BoardRun, Evaluation, Row
from edge_snn.harness.facts import HostResults, LayerFacts, ModelFacts, StepFacts
from edge_snn.harness.frames import DeviceResult
from edge_snn.harness.page import MAX_PICTURES, picture
from edge_snn.harness.report import make_report, write_files
from edge_snn.harness.scoring import Scoring
from edge_snn.harness.timing import Timing, emulated
from firmware_gen import boards

EMULATED = boards.load("mps2-an386")
REAL = replace(boards.load("microbit"), machine="", clock_hz=1_000_000)
MILLISECONDS = Timing("ms", 1e-3)


def timing_of(board):
    return emulated(board) if board.machine else MILLISECONDS


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}&lt;\x01]]>"
SECTIONS = "summary accuracy latency layers spikes operations memory wrong boards origin".split()


class Measured:
    """An evaluation with every figure known: two layers, one of them ternary, T = 2, three classes."""

    def __init__(self, count=12, name="small", classes=("cat", "dog", "cow"), repeat=2, channels=1):
        self.facts = ModelFacts(
            name,
            "a" * 64,
            2,
            classes,
            (LayerFacts(name + ".one", "binary", 10, 0, 2), LayerFacts(name + ".two", "ternary", 20, 1, 2, 2)),
            (StepFacts(name + ".1", "conv2d", 1000, ("one",)), StepFacts(name + ".2", "linear", 500, ("two", "k"))),
        )
        self.x = np.random.default_rng(0).integers(0, 256, (count, 8, 6, channels), np.uint8)
        self.y = np.arange(count) % 3
        logits = np.zeros((count, len(classes)), np.int32)
        logits[np.arange(count), np.where(np.arange(count) % 4 == 3, 0, self.y)] = 5
        counts = np.tile(np.array([1, 2, 3, 4, 5, 6]), (count, 1))
        sops = {
            "one": np.full(count, 300),
            "two": np.full(count, 20),
            "k": np.full(count, 5),
            "other": np.full(count, 1),
        }
        self.scoring = Scoring(labels=self.y)
        self.host = HostResults(logits, counts, sum(sops.values()), sops)
        self.done = Evaluation(repeat=repeat, boards={label: BoardRun(label, 1) for label in (name + "#1", "b")})
        for index in range(count):
            runs = tuple(
                DeviceResult(logits[index], counts[index], np.array([100 + index, 50]), 1000 + 10 * index + number)
                for number in range(repeat)
            )
            label = (name + "#1", "b")[index % 2]
            self.done.by_index[index] = Row(index, label, runs, True, True, True)

    def report(self, board=REAL, min_accuracy=None):
        sizes = {"flash_bytes": 9, "ram_bytes": 8, "arena_bytes": 7, "stack_bound": 6, "elf": "x/firmware.elf"}
        memory = [
            {"buffer": "input", "kind": "image, uint8", "offset": 0, "bytes": 64, "first_step": 0, "last_step": 0},
            {
                "buffer": self.facts.name,
                "kind": "spikes, bits",
                "offset": 64,
                "bytes": 32,
                "first_step": 0,
                "last_step": 1,
            },
        ]
        data = self.facts.name + " data"
        return make_report(
            board,
            timing_of(board),
            self.facts,
            self.done,
            self.scoring,
            self.host,
            sizes,
            data,
            "d" * 64,
            "M0",
            memory,
            min_accuracy,
        )

    def write(self, folder, board=REAL):
        report = self.report(board)
        write_files(folder, report, self.facts, self.done, self.x, self.scoring, self.host, timing_of(board))
        return (folder / "report.html").read_text(encoding="utf-8")


class Page(HTMLParser):
    """Reads a page: ids, attributes, text, and whether every tag is closed."""

    VOID = ("meta", "img", "br")

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.tags, self.attributes, self.text = [], [], set(), [], []
        self.feed(text)
        self.close()
        assert self.open == [], "tags were left open"

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        self.ids += [value for key, value in attrs if key == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        assert self.open.pop() == tag

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def check_page(text):
    """Self-contained, well-formed, without scripts, with every section; returns what was read."""
    page = Page(text)
    assert [name for name in SECTIONS if name not in page.ids] == []
    assert page.tags & {"script", "link", "iframe", "object", "embed", "base", "form"} == set()
    for tag, key, value in page.attributes:
        assert not key.startswith("on"), (tag, key)
        if key in ("src", "href", "xlink:href", "srcset", "poster", "action", "data"):
            assert value.startswith("#") or (tag == "img" and value.startswith("data:image/png;base64,")), value
    css = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
    assert "url(" not in css
    assert "@import" not in css
    assert "Content-Security-Policy" in text
    return page


def test_the_page_is_whole_and_needs_no_network(tmp_path):
    page = check_page(Measured().write(tmp_path))
    assert page.tags >= {"svg", "table", "figure", "img"}
    text = " ".join("".join(page.text).split())
    for told in ("83.33%", "10 of 12", "said cat", "4.6 pJ", "0.9 pJ", "estimate", "ms, median latency"):
        assert told in text, told


def test_names_from_files_are_only_ever_text(tmp_path):
    case = Measured(name=HOSTILE, classes=(HOSTILE, "=1+1", "-dog"))
    text = case.write(tmp_path)
    page = check_page(text)
    assert "<script" not in text
    assert "onerror" not in {key for _, key, _ in page.attributes}
    assert HOSTILE in "".join(page.text)
    cases = ET.parse(tmp_path / "junit.xml").getroot().iter("testcase")
    assert all(item.get("classname", "").endswith("]]>") for item in cases)
    assert not re.search(r'(^|,)"?[=+@-]', (tmp_path / "predictions.csv").read_text(), re.M)
    assert json.loads((tmp_path / "report.json").read_text())["classes"][0] == HOSTILE


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "\uff1d1", "plain"]
)
def test_a_cell_is_no_formula_and_tells_its_text(tmp_path, name):
    case = Measured(name="m", classes=(name, "cat", "dog"))
    case.write(tmp_path)
    with (tmp_path / "predictions.csv").open(encoding="utf-8", newline="") as stream:
        cells = {row["device_class"] for row in csv.DictReader(stream)}
    (cell,) = cells - {"cat", "dog"}
    assert cell[0] not in "=+-@\t\r\n\uff1d"
    assert cell.removeprefix("'") == name


@pytest.mark.parametrize("count", [0, 1, 12])
def test_a_partial_run_has_a_page_too(tmp_path, count):
    case = Measured(12)
    for index in range(count, 12):
        del case.done.by_index[index]
    case.done.stopped = "interrupted"
    page = check_page(case.write(tmp_path))
    assert "partial" in "".join(page.text)
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["images"], report["images_asked_for"]) == (count, 12)
    assert report["checks"][0]["status"] == "error"


def test_many_classes_and_many_wrong_images_stay_readable(tmp_path):
    case = Measured(300, classes=tuple(f"class {index}" for index in range(40)))
    case.y = np.arange(300) % 40
    case.scoring = Scoring(labels=case.y)
    text = case.write(tmp_path)
    page = check_page(text)
    assert sum(tag == "img" and key == "src" for tag, key, _ in page.attributes) == MAX_PICTURES
    assert "Confusion matrix" not in text
    assert len(text) < 1_000_000


def test_the_metric_stands_beside_the_accuracy(tmp_path):
    case = Measured()
    case.scoring = Scoring(Metric("top", top=2), case.y)
    text = case.write(tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["metric"] == {"name": "top-2", "value": 11 / 12, "host_value": 11 / 12}
    assert report["accuracy"] == 10 / 12
    assert "top-2 on the device" in text
    assert "accuracy on the device, 10 of 12" in text
    missed = {check["name"]: check for check in case.report(min_accuracy=0.95)["checks"]}["accuracy"]
    assert missed["message"] == "top-2 0.9167 is below the 0.9500 asked for"


def test_a_run_scored_by_a_number_has_no_classes(tmp_path):
    case = Measured()
    case.scoring = Scoring(Metric("mse"), case.y, np.zeros((12, 3)), scale=0.5)
    text = case.write(tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["metric"]["value"] == pytest.approx(2.5**2 / 3)
    assert (report["accuracy"], report["correct"], report["confusion"]) == (None, None, None)
    assert [board["accuracy"] for board in report["boards"]] == [None, None]
    assert "Scored by mse" in text
    assert "Nothing is told of single images" in text
    (first, *_) = csv.DictReader(io.StringIO((tmp_path / "predictions.csv").read_text()))
    assert (first["label"], first["device"], first["device_class"]) == ("0", "", "")
    assert float(first["score"]) == 2.5**2 / 3


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pictures_are_small_png_files_of_the_image(channels):
    image = np.random.default_rng(1).integers(0, 256, (8, 6, channels), np.uint8)
    kind, _, data = picture(image).partition(",")
    assert kind == "data:image/png;base64"
    made = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))[::12, ::12]
    if channels in (1, 3):
        assert np.array_equal(made.reshape(8, 6, channels), image)
    else:
        assert made.shape == (8, 6)


def test_figures_add_up():
    report = Measured().report()
    assert report["latency"] == {
        "unit": "ms",
        "inferences": 24,
        "min": 1.0,
        "median": 1.0555,
        "mean": 1.0555,
        "p95": 1.1087,
        "max": 1.111,
        "std": 0.0345,
        "jitter": 0.001,
    }
    one, two = report["layers"]
    assert (one["rate"], one["rate_per_step"], one["spikes_per_step"]) == (0.15, [0.1, 0.2], [1, 2])
    assert (two["plus_per_step"], two["minus_per_step"], two["spikes_per_step"]) == ([3, 4], [5, 6], [8, 10])
    assert two["rate"] == 18 / 40
    first, second = report["steps"]
    assert (first["sops"], first["sops_per_mac"], second["sops"]) == (300, 0.3, 25)
    assert first["energy"] == {"spiking_uj": 0.00027, "dense_uj": 0.0046}
    assert first["latency"]["median"] == 0.1055
    assert report["energy"]["spiking_uj"] == round(326 * 0.9e-6, 6)
    assert report["confusion"] == [[4, 0, 0], [1, 3, 0], [1, 0, 3]]
    assert sum(map(sum, report["confusion"])) == report["images"] == 12
    assert [row["images"] for row in report["boards"]] == [6, 6]
    assert sum(row["correct"] for row in report["boards"]) == report["correct"] == 10
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_an_emulator_reports_instructions_and_never_milliseconds(tmp_path):
    case = Measured()
    report = case.report(EMULATED)
    assert report["latency"]["unit"] == report["ticks_unit"] == "instructions"
    assert report["latency"]["max"] == round(EMULATED.instructions(1111))
    assert {step["latency"]["unit"] for step in report["steps"]} == {"instructions"}
    assert " ms" not in "".join(Page(case.write(tmp_path, EMULATED)).text).replace("milliseconds", "")


def test_without_repeats_there_is_no_jitter():
    assert figures.latency([[5], [9]], MILLISECONDS)["jitter"] is None
    assert figures.latency([[5, 5], [9, 8]], MILLISECONDS)["jitter"] == 0.001
    assert figures.latency([], MILLISECONDS)["median"] is None


def junit(report, folder, case):
    write_files(folder, report, case.facts, case.done, case.x, case.scoring, case.host, MILLISECONDS)
    suite = ET.parse(folder / "junit.xml").getroot().find("testsuite")
    kinds = {item.get("name"): [child.tag for child in item] for item in suite}
    assert int(suite.get("tests")) == len(kinds)
    assert int(suite.get("failures")) == sum(kind == ["failure"] for kind in kinds.values())
    return kinds


def test_a_stack_that_nobody_could_ask_for_is_unknown_and_not_zero(tmp_path):
    case = Measured()
    report = case.report()
    assert report["stack_used"] is None
    assert junit(report, tmp_path, case)["stack within its bound"] == ["skipped"]
    case.done.boards["b"].stack_used = 5
    assert case.report()["stack_used"] == 5


def test_junit_and_exit_code_tell_the_same(tmp_path):
    case = Measured()
    case.done.boards["b"].stack_used = 5
    report = case.report(min_accuracy=10 / 12)
    kinds = junit(report, tmp_path, case)
    assert {name for name, kind in kinds.items() if kind == ["skipped"]} == {"every layer equals the host's"}
    assert sum(kind == ["system-out"] for kind in kinds.values()) == len(kinds) - 1
    assert error_of([Check(**row) for row in report["checks"]]) is None

    case.done.by_index[3] = replace(case.done.by_index[3], logits_equal=False, repeats_equal=False)
    case.done.by_index[4] = replace(case.done.by_index[4], counts_equal=False)
    case.done.boards["b"].stack_used = 7
    report = case.report(min_accuracy=0.834)
    kinds = junit(report, tmp_path, case)
    assert [name for name, kind in kinds.items() if kind == ["failure"]] == [
        "logits equal the host's",
        "spike counts equal the host's",
        "repeated inferences agree",
        "stack within its bound",
        "accuracy",
    ]
    error = error_of([Check(**row) for row in report["checks"]])
    assert isinstance(error, MismatchError)
    assert "logits of 1 images" in str(error)
    assert "accuracy 0.8333 is below the 0.8340" in str(error)

    case.done.stopped = "the emulator ended"
    report = case.report()
    assert junit(report, tmp_path, case)["all images measured"] == ["error"]
    error = error_of([Check(**row) for row in report["checks"]])
    assert isinstance(error, DeviceError), "a lost device comes before a mismatch"


@pytest.mark.parametrize("values", [[5.0], [0.0, 0.0], [1e9, 1e9 + 1], [1, 2, 3, 1000], list(range(5000))])
def test_a_histogram_counts_every_value_within_its_box(values):
    chart = charts.histogram(values, [("median", float(np.median(values)))])
    assert sum(int(rect.title.rpartition(" ")[2].replace(",", "")) for rect in chart.rects) == len(values)
    for rect in chart.rects:
        assert chart.left <= rect.x <= rect.x + rect.width <= chart.width
        assert 0 <= rect.y <= rect.y + rect.height <= chart.height - chart.bottom + 0.01
    assert all(chart.left - 1 <= mark.at <= chart.width for mark in (*chart.marks, *chart.x_ticks))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 7), (22.1e6, 24.9e6), (-3, 0.5), (0.001, 0.0012)])
def test_ticks_are_round_and_within(low, high):
    ticks = charts.nice_ticks(low, high)
    assert 3 <= len(ticks) <= 11
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("width", [1280, 720])
def test_a_browser_shows_the_page_without_scrolling_sideways_or_fetching_anything(tmp_path, width):
    """Chromium without a network: it draws the page, reports nothing on its console, and nothing is cut off."""
    Measured(200, classes=("T-shirt/top", "Trouser", "Ankle boot")).write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    probe = (
        "<script>addEventListener('load', () => { const wide = document.documentElement.scrollWidth;"
        "document.title = [wide <= innerWidth, [...document.images].every(i => i.naturalWidth > 0),"
        "[...document.querySelectorAll('svg')].every(s => s.getBoundingClientRect().width > 0),"
        "performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length,"
        "getComputedStyle(document.querySelector('.card')).borderRadius].join() })</script>"
    )
    allowed = page.replace("default-src 'none'", "default-src 'none'; script-src 'unsafe-inline'")
    (tmp_path / "probe.html").write_text(allowed.replace("</head>", probe + "</head>"))
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}"]
    command += [f"--window-size={width},900", "--dump-dom", (tmp_path / "probe.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title is not None, done.stderr[-1000:]
    assert title.group(1) == "true,true,true,0,8px"
