"""Conversion runs an int8 file by TensorFlow Lite's reference kernels, and takes no network that makes other bytes."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn import frontends
from edge_snn.errors import InputError
from edge_snn.frontends.conversion import Choices, convert_file
from edge_snn.frontends.int8 import verify
from edge_snn.graph.graded_conv import GradedConv
from tests.int8_files import Maker, random_network
from tests.int8_oracle import feed, recover


def written(tmp_path, net):
    path = tmp_path / "m.tflite"
    path.write_bytes(net.bytes())
    return path


def dense(seed: int = 1) -> Maker:
    """A fully connected layer of 300 outputs, some of which tell rounding once from rounding twice."""
    net = Maker(seed)
    weight, scale = net.weights((300, 24), 0, True)
    net.layer("FULLY_CONNECTED", net.input((1, 24), scale=0.03, zero=-3), weight, scale, (1, 300))
    return net


@pytest.mark.parametrize("seed", range(6))
def test_every_output_of_16_inputs_agrees(tmp_path, seed):
    found = frontends.read(written(tmp_path, random_network(seed)))
    assert isinstance(found, frontends.CodesModel)
    assert found.checked_inputs == 16 or "has_bias" in found.notes[0]


def test_one_other_byte_is_refused(tmp_path, monkeypatch):
    real = verify.execute

    def wrong(*arguments, **options):
        found = real(*arguments, **options)
        found["output"].reshape(-1).view(np.uint8)[5] ^= 1
        return found

    monkeypatch.setattr(verify, "execute", wrong)
    with pytest.raises(InputError, match="of its outputs differ between the recovered network and TensorFlow Lite"):
        frontends.read(written(tmp_path, dense()))


def test_a_runtime_that_rounds_fully_connected_layers_once_checks_as_well(tmp_path, monkeypatch):
    net = dense()
    once = recover(net, "single")

    def newer(path, numbers, **options):
        return {"output": once.borders[1].decode(feed(once, numbers).logits + 128)}

    monkeypatch.setattr(verify, "execute", newer)
    found = frontends.read(written(tmp_path, net))
    assert isinstance(found, frontends.CodesModel)
    assert found.checked_inputs == 16


def test_the_model_says_which_tensorflow_lite_it_equals(tmp_path):
    path = written(tmp_path, dense())
    told = {}
    for rounding in ("double", "single"):
        model = convert_file(path, Choices(fully_connected=rounding)).made.model
        told[rounding] = model.provenance["equals"]
        assert [node.rounding for node in model.graph.nodes if isinstance(node, GradedConv)] == [rounding]
    assert told["double"].startswith("TensorFlow Lite Micro")
    assert told["single"].startswith("LiteRT 1.3")


def test_options_of_spiking_networks_are_refused(tmp_path):
    path = written(tmp_path, dense())
    for chosen in (Choices(weight_bits=4), Choices(timesteps=2), Choices(early=(1, 5))):
        with pytest.raises(InputError, match="for networks of spikes"):
            convert_file(path, chosen)
