"""Per-layer truth: CRCs agree with the reference, and a broken kernel is found by layer, time step and neuron."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from edge_snn.errors import DeviceError
from edge_snn.graph import esnn_file
from edge_snn.harness import frames
from edge_snn.harness.bisect import bisect
from edge_snn.harness.client import Device, RequestRefused
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.firmware import build_firmware
from edge_snn.harness.trace import crcs_of, fetch_tensor, host_traces, traced_infer
from edge_snn.plan import build_plan
from edge_snn.plan.trace import trace_tensors
from edge_snn.reference import run
from edge_snn.reference.neuron import run_neuron
from firmware_gen import boards
from firmware_gen.verify import verify
from tests.cli.test_cli import call
from tests.graphs import random_model
from tests.harness.faults import FaultyPort
from tests.harness.spoiled import Sources
from tests.networks import images, model

SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-static-libasan")
HOST = boards.load("host")
BOARDS = ["host", pytest.param("microbit", marks=pytest.mark.qemu), pytest.param("mps2-an386", marks=pytest.mark.qemu)]
BRIEFLY = ["host", pytest.param("microbit", marks=[pytest.mark.qemu, pytest.mark.slow]), BOARDS[2]]


@pytest.fixture(scope="module")
def made():
    return model()


@pytest.fixture(scope="module")
def plan(made):
    return build_plan(made)


@pytest.fixture
def device(made, firmware):
    built = build_firmware(made, HOST, firmware / "host-sanitized", SANITIZED)
    with Emulator(HOST, built.elf) as emulator:
        found = Device(emulator.port, emulator.death)
        found.connect(made.sha256, "host")
        yield found


def agrees(model, board_name, folder, x, flags=()):
    """Asserts that every CRC, and every byte of every tensor, is the reference's."""
    board, plan = boards.load(board_name), build_plan(model)
    traces = host_traces(model, plan, x)
    edges = run(model.graph, x, keep={item.edge for item in traces.tensors}).edges
    with Emulator(board, build_firmware(model, board, folder, flags).elf) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(model.sha256, board_name)
        for index, image in enumerate(x):
            plain = device.infer(index, image)
            result = traced_infer(device, index, image, len(traces.tensors) + 1)
            assert traces.first_difference(index, result.crcs) == ""
            assert np.array_equal(result.logits, plain.logits)
            assert np.array_equal(result.counts, plain.counts)
            assert result.ticks == result.step_ticks.sum() > 0
            if board.machine:  # the CRCs are not among the ticks
                assert abs(result.ticks - plain.ticks) < 40 * len(plan.steps)
        for item in traces.tensors:
            count = sum(other.step <= item.step for other in traces.tensors)
            crcs, data = fetch_tensor(device, len(x) - 1, x[-1], traces.tensors, item.index)
            assert len(crcs) == count
            assert data == item.encode(edges[item.edge][-1])


@pytest.mark.parametrize("board_name", BOARDS)
def test_every_tensor_of_every_step_is_the_references(board_name, made, firmware):
    flags = SANITIZED if board_name == "host" else ()
    agrees(made, board_name, firmware / f"{board_name}-{made.sha256[:12]}", images(2, made.input_shape), flags)


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in (4, 5))])
def test_every_tensor_of_random_graphs_is_the_references(seed, firmware):
    graph = random_model(seed)
    folder = firmware / "traced-random"  # one for all: the kernels are compiled once
    agrees(graph, "host", folder, images(2, graph.input_shape, seed), SANITIZED)


@pytest.mark.qemu
@pytest.mark.parametrize("board_name", ["microbit", "mps2-an386"])
def test_a_traced_inference_does_not_multiply_either(board_name, made, firmware):
    elf = build_firmware(made, boards.load(board_name), firmware / f"{board_name}-{made.sha256[:12]}").elf
    conv = "esnn_conv2d_chain_v6m" if board_name == "microbit" else "esnn_conv2d_chain"
    proof = verify(elf, "esnn_model_step", (conv, "esnn_readout"))
    assert proof.findings == ()
    assert "esnn_tensor_crc" not in verify(elf).functions  # nor does an inference without a trace reach a CRC


def ask(device, kind, index, data, *numbers):
    """The payload of a reply to TRACE or READ, without what names the image."""
    named = device.named(index, data)
    reply = device.link.request(kind, named[: 8 if kind == frames.READ else 12] + struct.pack("<II", *numbers))
    assert reply[:12] == named
    return reply[12:]


def test_a_partial_trace_leaves_no_result(device, made, plan):
    image = images(1, made.input_shape)[0]
    data = image.tobytes()
    device.write(data)
    ask(device, frames.TRACE, 0, data, 3, 0)
    with pytest.raises(RequestRefused, match="has no result"):
        device.result(0, data)
    assert device.infer(0, image).logits.shape == (10,)


def test_a_trace_needs_the_image_again(device, made):
    data = images(1, made.input_shape)[0].tobytes()
    device.write(data)
    ask(device, frames.TRACE, 0, data, 3, 0)
    with pytest.raises(RequestRefused, match="whose CRC differs"):
        ask(device, frames.TRACE, 0, data, 3, 0)


def test_only_what_the_last_step_left_can_be_read(device, made, plan):
    data = images(1, made.input_shape)[0].tobytes()
    tensors = trace_tensors(plan)
    here, later = tensors[3], tensors[5]
    device.write(data)
    ask(device, frames.TRACE, 0, data, here.step, 0)
    assert len(ask(device, frames.READ, 0, data, here.index, 0)) == 4 + min(here.size, frames.PART_BYTES)
    for tensor in (0, later.index):  # overwritten meanwhile; not there yet
        with pytest.raises(RequestRefused, match="has no result"):
            ask(device, frames.READ, 0, data, tensor, 0)
    with pytest.raises(RequestRefused, match="out of range"):
        ask(device, frames.READ, 0, data, len(tensors), 0)
    with pytest.raises(RequestRefused, match="out of range"):  # the tensor ends before
        ask(device, frames.READ, 0, data, here.index, here.size)
    with pytest.raises(RequestRefused, match="has no result"):
        ask(device, frames.READ, 1, data, here.index, 0)


def overwrite_by_frame(device, image):
    device.write(image.tobytes())


def overwrite_by_inference(device, image):
    device.infer(0, image)


def overwrite_by_text(device, image):
    device.port.write(b"name%")
    device.port.drain(0.2)


def overwrite_by_session(device, image):
    device.connect(device.info.model_sha256)


@pytest.mark.parametrize(
    "overwrite", [overwrite_by_frame, overwrite_by_inference, overwrite_by_text, overwrite_by_session]
)
def test_what_a_step_left_is_not_read_once_it_may_be_overwritten(overwrite, device, made):
    image = images(1, made.input_shape)[0]
    data = image.tobytes()
    device.write(data)
    ask(device, frames.TRACE, 0, data, 3, 0)
    overwrite(device, image)
    with pytest.raises(RequestRefused, match="has no result"):
        ask(device, frames.READ, 0, data, 3, 0)


@pytest.mark.parametrize(("last", "first"), [(99, 0), (0xFFFFFFFF, 0), (0, 13), (0, 0xFFFFFFFF)])
def test_a_trace_out_of_range_is_refused(device, made, last, first):
    data = images(1, made.input_shape)[0].tobytes()
    device.write(data)
    with pytest.raises(RequestRefused, match="out of range"):
        ask(device, frames.TRACE, 0, data, last, first)


def test_crcs_are_sent_from_the_one_asked_for(device, made, plan):
    data, last = images(1, made.input_shape)[0].tobytes(), len(plan.steps) - 1
    parts = []
    for first in (0, 5, 12):
        device.write(data)
        parts.append(ask(device, frames.TRACE, 0, data, last, first))
    assert [struct.unpack_from("<HH", part) for part in parts] == [(0, 13), (5, 13), (12, 13)]
    whole = parts[0][4:]
    assert (len(whole), parts[1][4:], parts[2][4:]) == (52, whole[20:], whole[48:])


def test_firmware_with_other_tensors_is_refused(device, made):
    with pytest.raises(DeviceError, match="has 13 tensors to trace, the host 14"):
        traced_infer(device, 0, images(1, made.input_shape)[0], 14)


def test_crcs_beyond_one_frame_come_in_several(device, made, monkeypatch):
    """The host asks for the rest from where the reply ended."""
    image = images(1, made.input_shape)[0]
    whole = traced_infer(device, 0, image, 13)
    compute = device.link.compute
    monkeypatch.setattr(device.link, "compute", lambda *asked: compute(*asked)[:36])
    again = traced_infer(device, 0, image, 13)
    assert np.array_equal(again.crcs, whole.crcs)
    assert np.array_equal(again.logits, whole.logits)


def test_a_noisy_line_damages_no_trace(device, made, plan):
    x = images(6, made.input_shape)
    traces = host_traces(made, plan, x)
    noisy = Device(FaultyPort(device.port, 1e-3, seed=3), floor=0.05)
    noisy.connect(made.sha256)
    for index, image in enumerate(x):
        result = traced_infer(noisy, index, image, len(traces.tensors) + 1)
        assert traces.first_difference(index, result.crcs) == ""
    assert bisect(noisy, made, plan, x) is None
    assert noisy.retries > 0, "the line did no damage: the test tests nothing"


# -- broken kernels ------------------------------------------------------------------------------------

CHAIN_NEURON = "const esnn_neuron_t *neuron = layer->finish.neuron;"


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    return Sources(tmp_path_factory.mktemp("spoiled"))


@pytest.fixture
def sources(copied):
    copied.restore()
    return copied


def found_in(sources, made, board_name, x, monkeypatch):
    board = boards.load(board_name)
    elf = sources.build(made, board_name, monkeypatch)
    with Emulator(board, elf) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(made.sha256, board_name)
        return bisect(device, made, build_plan(made), x)


@pytest.mark.parametrize("board_name", BRIEFLY)
def test_a_wrong_spike_behind_a_convolution_is_named(board_name, sources, made, monkeypatch):
    """The second convolution on spikes flips channel 5 at time step 2 of position 4 (y 1, x 1)."""
    fault = f"{CHAIN_NEURON} if (neuron != NULL) {{"
    fault += " arena[neuron->offset + 4u * neuron->position_stride + 2u * neuron->step_stride] ^= 1u << 5; }"
    sources.spoil("esnn_conv2d_chain", fault)
    x = images(2, made.input_shape)
    found = found_in(sources, made, board_name, x, monkeypatch)
    assert (found.image, found.layer, found.kind, found.kernel) == (0, "block0.neuron", "spikes", "conv2d")
    assert found.place == (2, 1, 1, 5, 4)
    edges = run(made.graph, x[:1], keep=["block0.neuron", "rpe.add"]).edges
    assert found.host == edges["block0.neuron"][0, 2, 1, 1, 5] == 1 - found.device
    node = made.graph.node("block0.neuron")
    membranes = np.empty((1, 4, 3, 3, 16), np.int64)
    run_neuron(node, [edges["rpe.add"]], made.graph.domain, 4, membranes)
    assert found.membrane.value == membranes[0, 2, 1, 1, 5]
    assert found.membrane.threshold == np.broadcast_to(node.threshold, 16)[5]
    assert (found.membrane.value >= found.membrane.threshold) == found.host
    assert (found.differing, found.entries) == (1, 4 * 9 * 16)
    assert str(found).startswith(
        "image 0: device and host part first at layer block0.neuron, time step 2, position y 1, x 1 (token 4), "
        f"channel 5: spike {found.device} on the device, {found.host} on the host; the host's block0.neuron has "
        f"membrane {found.membrane.value}, threshold {found.membrane.threshold}"
    )


def test_a_wrong_current_is_named_before_the_spikes_it_spoils(sources, made, monkeypatch):
    fault = "const esnn_stream_t *to = layer->finish.store; if (to != NULL) {"
    fault += " *(int16_t *)(void *)(arena + to->offset + 3u * to->position_stride + to->step_stride + 14u) += 100; }"
    sources.spoil("esnn_conv2d_chain", fault)
    found = found_in(sources, made, "host", images(1, made.input_shape), monkeypatch)
    assert (found.layer, found.kind, found.place) == ("rpe.add", "current", (1, 1, 0, 7, 3))
    assert found.device == found.host + 100
    assert found.membrane is None


def test_a_wrong_ternary_spike_is_named(sources, made, monkeypatch):
    fault = f"{CHAIN_NEURON} if (neuron != NULL && neuron->ternary) {{"
    fault += " uint8_t *at = arena + neuron->offset + 8u * neuron->position_stride; at[0] &= 0xfeu;"
    fault += " at[neuron->minus] ^= 1u; }"
    sources.spoil("esnn_linear_chain", fault)
    x = images(1, made.input_shape)
    found = found_in(sources, made, "host", x, monkeypatch)
    assert (found.layer, found.kind, found.place) == ("block0.v.neuron", "ternary", (0, 2, 2, 0, 8))
    assert found.host == run(made.graph, x, keep=["block0.v.neuron"]).edges["block0.v.neuron"][0, 0, 2, 2, 0]
    assert found.device == (0 if found.host == -1 else -1)
    assert found.membrane.threshold < 0


def test_a_wrong_pooled_spike_names_the_neuron_in_its_window(sources, made, monkeypatch):
    at = "arena[neuron->offset + 7u * neuron->position_stride + 3u * neuron->step_stride]"
    sources.spoil("esnn_conv2d_table", f"{CHAIN_NEURON} {at} ^= 1u;")
    x = images(1, made.input_shape)
    found = found_in(sources, made, "host", x, monkeypatch)
    assert (found.layer, found.place) == ("stage1.pool", (3, 1, 1, 0, 7))
    held, neuron = found.membrane, made.graph.node("stage1.neuron")
    assert made.graph.node("stage1.pool").padding == (1, 1, 1, 1)  # 3x3 windows: rows and columns 1 to 3
    assert held.neuron == "stage1.neuron"
    assert 1 <= held.place.y <= 3
    assert 1 <= held.place.x <= 3
    current = run(made.graph, x, keep=["stage1.conv"]).edges["stage1.conv"]
    membranes = np.empty((1, 4, 12, 12, 8), np.int64)
    run_neuron(neuron, [current], made.graph.domain, 4, membranes)
    assert held.value == membranes[0, 3, held.place.y, held.place.x, 0] == membranes[0, 3, 1:4, 1:4, 0].max()
    assert (held.value >= held.threshold) == found.host


def test_a_wrong_counter_is_named_when_all_that_is_stored_agrees(sources, made, monkeypatch):
    sources.spoil("esnn_conv2d_table", f"{CHAIN_NEURON} counts[neuron->counter + 1u] += 2u;")
    found = found_in(sources, made, "host", images(1, made.input_shape), monkeypatch)
    assert (found.layer, found.kind, found.device - found.host) == ("stage1.neuron", "counter", 2)
    assert "at layer stage1.neuron, number of spikes at time step 1: device" in str(found)


def test_wrong_logits_are_named(sources, made, monkeypatch):
    sources.spoil("esnn_readout", "logits[3] -= 1;")
    found = found_in(sources, made, "host", images(1, made.input_shape), monkeypatch)
    assert (found.layer, found.kind, found.device - found.host) == ("head", "logits", -1)
    assert f"logit 3 ({made.classes[3]})" in str(found)


def test_a_fault_that_comes_and_goes_is_not_passed_off_as_a_neuron(sources, made, monkeypatch):
    fault = f"static int runs; {CHAIN_NEURON} if (neuron != NULL && runs++ == 0) {{ arena[neuron->offset] ^= 1u; }}"
    sources.spoil("esnn_conv2d_chain", fault)
    found = found_in(sources, made, "host", images(1, made.input_shape), monkeypatch)
    assert (found.layer, found.kind, found.place) == ("block0.neuron", "crc", None)
    assert "not in a second run" in str(found)


def test_a_neuron_that_fires_above_its_threshold_only_is_found(sources, monkeypatch):
    """A fault of arithmetic: > in place of >=. The neuron named is the first whose membrane is its threshold."""
    sources.replace("esnn_neuron", "if (membrane >= theta)", "if (membrane > theta)")
    made = model(timesteps=3)  # no block kernels: all of its neurons are those of esnn_neuron.c
    x = images(40, made.input_shape)
    found = found_in(sources, made, "host", x, monkeypatch)
    assert (found.device, found.host) == (0, 1)
    assert found.membrane.value == found.membrane.threshold
    node = made.graph.node(found.membrane.neuron)
    current = run(made.graph, x[found.image :][:1], keep=node.inputs).edges[node.inputs[0]]
    membranes = np.empty((1, 3, *current.shape[2:]), np.int64)
    run_neuron(node, [current], made.graph.domain, 3, membranes)
    equal = np.argwhere(membranes[0] == node.threshold)
    assert tuple(equal[0]) == found.membrane.place[:4]


def test_the_command_names_it_and_exits_with_1(sources, made, tmp_path, monkeypatch):
    sources.spoil("esnn_readout", "logits[3] -= 1;")
    elf = sources.build(made, "host", monkeypatch)
    esnn_file.save(made, tmp_path / "small.esnn")
    np.savez(tmp_path / "small.npz", x=images(3, made.input_shape), y=np.arange(3))
    common = ("bisect", "--emulate", "host", "--model", "small.esnn", "--data", "small.npz")
    done = call(*common, "--elf", str(elf), cwd=tmp_path)
    assert done.returncode == 1
    assert "image 0: device and host part first at layer head, logit 3" in done.stdout
    done = call(*common, "--elf", str(elf), "--json", cwd=tmp_path)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert (document["agree"], document["images"], document["divergence"]["layer"]) == (False, 1, "head")
    good = call(*common, "--json", cwd=tmp_path)
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout) == {
        "board": "host",
        "model_sha256": made.sha256,
        "images": 3,
        "agree": True,
        "divergence": None,
    }
    assert call("bisect", "--model", "small.esnn", "--data", "small.npz", cwd=tmp_path).returncode == 2
    assert call(*common[:1], "--port", "x", "--elf", str(elf), *common[3:], cwd=tmp_path).returncode == 2


def test_the_crcs_are_those_of_the_reference_alone(made, plan):
    """No tensor's CRC depends on how many images run together."""
    x = images(3, made.input_shape)
    together = host_traces(made, plan, x)
    for index in range(3):
        alone = run(made.graph, x[index : index + 1], keep={item.edge for item in together.tensors})
        assert np.array_equal(crcs_of(together.tensors, alone, 0), together.crcs[index])
