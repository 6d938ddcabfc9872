"""The pytest plugin in a user's own suite: `device` measures, skips without a board, and costs nothing unused."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.graph import esnn_file
from tests.networks import images, model

pytest_plugins = ["pytester"]


@pytest.fixture
def suite(pytester):
    """A folder with a small model and data; returns a function that runs a test file in it."""
    made = model()
    esnn_file.save(made, pytester.path / "small.esnn")
    np.savez(pytester.path / "small.npz", x=images(6, made.input_shape), y=np.arange(6) % 10)

    def run(text, *arguments):
        pytester.makepyfile(text)
        return pytester.runpytest_subprocess("-rs", "-p", "no:cacheprovider", *arguments, timeout=120)

    return run


EXAMPLE = """
    import numpy as np

    def test_accuracy(device):
        found = device.evaluate("small.esnn", "small.npz", limit=5, repeat=2)
        assert 0.0 <= found.accuracy <= 1.0
        assert found.accuracy == found.host_accuracy == found.correct / found.images
        assert (found.images, found.mismatched_logits, found.mismatched_spike_counts) == (5, 0, 0)
        assert found.is_exact
        assert found.latency.inferences == 10
        assert found.latency.unit == "ms (this computer)"
        assert 0 < found.latency.median <= found.latency.p95 <= found.latency.max
        assert found.latency.jitter >= 0
        assert found.report["repeat"] == 2
        assert (found.folder / "report.html").exists()

    def test_arrays(device):
        from edge_snn.graph import esnn_file
        with np.load("small.npz") as arrays:
            data = arrays["x"], arrays["y"]
        found = device.evaluate(esnn_file.load("small.esnn"), data, report="mine", metric="top-10")
        assert (found.images, found.metric, found.value) == (6, "top-10", 1.0)
        assert found.folder.name == "mine"
    """


def test_a_users_test_measures_on_an_emulated_board(suite):
    done = suite(EXAMPLE, "--edge-snn-emulate", "host", "--edge-snn-jobs", "2", "-W", "error")
    done.assert_outcomes(passed=2)


def test_the_ini_file_names_the_device_and_the_command_line_overrides_it(suite, pytester):
    pytester.makeini("[pytest]\nedge_snn_emulate = host\nedge_snn_jobs = 2\n")
    look = "def test_bench(device): assert (device.bench.emulate, device.bench.jobs) == {}"
    suite(look.format(("host", 2))).assert_outcomes(passed=1)
    suite(look.format(("microbit", 1)), "--edge-snn-emulate", "microbit").assert_outcomes(passed=1)
    pytester.makeini("[pytest]\nedge_snn_ports =\n    /dev/ttyACM0\n    /dev/ttyACM1\nedge_snn_board = microbit\n")
    look = "def test_bench(device): assert (device.bench.ports, device.bench.board) == {}"
    suite(look.format((("/dev/ttyACM0", "/dev/ttyACM1"), "microbit"))).assert_outcomes(passed=1)


def test_a_board_that_does_not_exist_is_an_error_by_name(suite):
    done = suite("def test_accuracy(device): pass", "--edge-snn-emulate", "toaster")
    assert done.ret != 0
    done.stdout.fnmatch_lines(["*toaster: no such board*"])


def test_without_a_device_the_test_is_skipped_and_says_how_to_name_one(suite):
    done = suite("def test_accuracy(device): pass")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["*no device: give --edge-snn-emulate BOARD or --edge-snn-port URL*"])


def test_a_port_that_does_not_exist_is_an_error_by_name(suite):
    done = suite(
        "def test_accuracy(device): device.evaluate('small.esnn', 'small.npz')", "--edge-snn-port", "/dev/ttyNOWHERE"
    )
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*PortMissing: /dev/ttyNOWHERE: no such port*"])


def test_a_device_that_differs_from_the_host_is_a_warning(suite):
    done = suite(
        """
        import pytest
        from edge_snn.harness import facts
        from edge_snn import BitExactnessWarning

        def test_accuracy(device, monkeypatch):
            of = facts.HostResults.of
            def wrong(result):
                result.logits[3] += 1
                return of(result)
            monkeypatch.setattr(facts.HostResults, "of", wrong)
            with pytest.warns(BitExactnessWarning, match="logits of 1 images"):
                found = device.evaluate("small.esnn", "small.npz")
            assert not found.is_exact
        """,
        "--edge-snn-emulate",
        "host",
    )
    done.assert_outcomes(passed=1)


def test_unused_it_imports_nothing_of_the_harness(suite):
    done = suite(
        """
        import sys

        def test_imports():
            assert "edge_snn.pytest_plugin" in sys.modules
            heavy = ("edge_snn.harness", "edge_snn.data", "firmware_gen", "numpy", "serial", "jinja2")
            assert not [name for name in sys.modules if name.startswith(heavy)]
        """,
        # Others of this environment import numpy of their own accord.
        "-p",
        "no:hypothesispytest",
        "-p",
        "no:_hypothesis_pytestplugin",
    )
    done.assert_outcomes(passed=1)
