"""Ticks are milliseconds only where a board is known to have counted them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time

import numpy as np
import pytest

from edge_snn.errors import DeviceError, InputError
from edge_snn.graph import esnn_file
from edge_snn.harness import timing
from edge_snn.harness.dut import PortDut
from edge_snn.harness.emulator import find_qemu
from edge_snn.harness.firmware import build_firmware
from edge_snn.harness.session import Bench
from edge_snn.harness.timing import at_ports, emulated, is_serial_device
from firmware_gen import boards
from tests.cli.test_cli import call
from tests.networks import images, model

MICROBIT = boards.load("microbit")


def test_a_pseudo_terminal_a_socket_and_a_file_are_no_serial_devices(tmp_path):
    leader, follower = os.openpty()
    link = tmp_path / "ttyUSB0"
    link.symlink_to(os.ttyname(follower))
    (tmp_path / "file").write_text("")
    try:
        for name in (os.ttyname(follower), link, tmp_path / "file", tmp_path / "none", "/dev/null"):
            assert not is_serial_device(str(name))
        for url in ("socket://127.0.0.1:1", "rfc2217://127.0.0.1:1", f"spy://{os.ttyname(follower)}", "loop://"):
            assert not is_serial_device(url)
    finally:
        os.close(leader)
        os.close(follower)


def test_a_device_with_a_driver_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(timing, "SYSTEM", tmp_path)
    (tmp_path / "null" / "device").mkdir(parents=True)
    assert is_serial_device("/dev/null")
    assert not is_serial_device("/dev/zero")
    assert at_ports(MICROBIT, 1_000_000, ["/dev/null"], False) == timing.Timing("ms", 1e-3)
    assert at_ports(MICROBIT, 1_000_000, ["/dev/null", "/dev/zero"], False).unit == "ticks", "one is enough"


def test_who_vouches_for_a_board_gets_milliseconds():
    assert at_ports(MICROBIT, 1_000_000, ["socket://127.0.0.1:1"], True) == timing.Timing("ms", 1e-3)
    found = at_ports(MICROBIT, 1_000_000, ["socket://127.0.0.1:1"], False)
    assert (found.unit, found.factor) == ("ticks", 1.0)
    assert "socket://127.0.0.1:1 is no serial device of this computer" in found.why
    assert emulated(MICROBIT).unit == "instructions"
    with pytest.raises(InputError, match="--clock board is for --port"):
        Bench(emulate="microbit", clock="board")
    with pytest.raises(InputError, match="--wait is for --port"):
        Bench(emulate="microbit", wait=3)


@pytest.mark.qemu
def test_an_emulator_behind_a_socket_gets_no_milliseconds(tmp_path):
    made = model()
    esnn_file.save(made, tmp_path / "small.esnn")
    np.savez(tmp_path / "three.npz", x=images(3, made.input_shape), y=np.arange(3))
    elf = build_firmware(made, MICROBIT, tmp_path / "firmware").elf
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    command = [find_qemu(), "-M", "microbit", "-display", "none", "-monitor", "none", "-kernel", str(elf)]
    command += ["-serial", f"tcp:127.0.0.1:{number},server=on,wait=on,nodelay=on"]
    evaluate = ["eval", "--port", f"socket://127.0.0.1:{number}", "--model", "small.esnn", "--data", "three.npz"]
    for extra, unit in (([], "ticks"), (["--clock", "board"], "ms")):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as qemu:
            try:
                done = call(*evaluate, *extra, "--wait", "20", "--report", unit, "--json", cwd=tmp_path)
            finally:
                qemu.kill()
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert (report["latency"]["unit"], report["ticks_unit"]) == (unit, unit)
        assert {step["latency"]["unit"] for step in report["steps"]} == {unit}
        assert (tmp_path / unit / "predictions.csv").read_text().splitlines()[0].endswith(f",{unit}")
    page = (tmp_path / "ticks" / "report.html").read_text()
    assert "No milliseconds: socket://" in page
    assert (
        report["latency"]["median"] < json.loads((tmp_path / "ticks" / "report.json").read_text())["latency"]["median"]
    )


def test_a_board_that_is_late_is_waited_for(tmp_path):
    """Its port appears after a while, and then it takes another to answer."""
    host = boards.load("host")
    made = model()
    elf = build_firmware(made, host, tmp_path).elf
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    started = []

    def board():
        time.sleep(0.5)
        with socket.create_server(("127.0.0.1", number)) as server:
            line, _ = server.accept()
        time.sleep(1.5)
        started.append(subprocess.Popen([str(elf)], stdin=line.fileno(), stdout=line.fileno()))
        line.close()

    url = f"socket://127.0.0.1:{number}"
    with pytest.raises(DeviceError, match="cannot be opened"):
        PortDut(url, 115200, made.sha256, "host").connect()
    thread = threading.Thread(target=board)
    thread.start()
    dut = PortDut(url, 115200, made.sha256, "host", wait=20)
    try:
        assert dut.connect().info.board == "host"
    finally:
        dut.close()
        thread.join()
        started[0].kill()
        started[0].wait()
