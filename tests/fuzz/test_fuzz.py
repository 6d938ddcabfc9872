"""Any bytes: seconds of fuzzing of what reads bytes from outside. An hour of it: ``make fuzz``."""

from __future__ import annotations

import re

import pytest

from tests.fuzz import device, readers


@pytest.mark.parametrize("keeps_image", [True, False])
def test_the_device_survives_random_changes_of_the_corpus(tmp_path, keeps_image):
    told = device.build(tmp_path, keeps_image, guided=False).run(6, tmp_path)
    found = re.search(r"(\d+) inputs", told)
    assert found
    assert int(found.group(1)) > 1000


def test_the_device_survives_a_guided_fuzzer(tmp_path):
    if not device.has_libfuzzer(tmp_path):
        pytest.skip("clang with libFuzzer is not here; the random changes above are run everywhere")
    told = device.build(tmp_path, True, guided=True).run(10, tmp_path)
    assert int(re.findall(r"number_of_executed_units: (\d+)", told)[0]) > 1000


@pytest.mark.filterwarnings("ignore")
def test_readers_of_outside_bytes_end_in_one_clear_error(tmp_path):
    outcomes = readers.run(15, tmp_path)
    for target in readers.targets():
        assert outcomes[f"{target.name} read"] + outcomes[f"{target.name} refused"] > 20, target.name
        if target.name != "link":  # what is no frame is no error there, but dropped
            assert outcomes[f"{target.name} refused"] > 5, "the changes damage nothing: the test tests nothing"


@pytest.mark.parametrize("how", ["crash", "hang"])
def test_a_reader_that_crashes_or_hangs_is_a_finding(tmp_path, monkeypatch, how):
    def read(path):
        while how == "hang":
            pass
        raise KeyError("not an error of ours")

    monkeypatch.setattr(readers, "HANG_SECONDS", 0.2)
    with pytest.raises((KeyError, readers.Hang)):
        readers.run(5, tmp_path, chosen=(readers.Target("broken", ".bin", (b"seed",), read),))


def test_a_broken_parser_is_a_finding(tmp_path):
    """The driver and its checks see a parser that latches: one to which everything is a frame."""
    broken = tmp_path / "broken.c"
    broken.write_text(
        '#include "esnn_link.h"\n'
        "uint32_t esnn_link_is_text(const esnn_receiver_t *receiver) { return receiver->length > 5000u; }\n"
    )
    fuzzer = device.build(tmp_path, True, False, {"esnn_link_is_text.c": broken})
    with pytest.raises(AssertionError, match="broken promise: name% is answered once"):
        fuzzer.run(3, tmp_path)
    assert (tmp_path / "finding").exists()
