"""Ports are found by what they are, and a name that fits none or several says so."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from types import SimpleNamespace

import pytest
import serial
from click.testing import CliRunner
from serial import rfc2217

from edge_snn.cli.ports import command
from edge_snn.errors import EdgeSnnError, InputError
from edge_snn.harness import transport
from edge_snn.harness.transport import Port, find, resolve

PLUGGED = [
    SimpleNamespace(device="/dev/ttyACM1", description="mbed [bold]", vid=0x0D28, pid=0x0204, serial_number="9900A"),
    SimpleNamespace(device="/dev/ttyACM0", description="mbed", vid=0x0D28, pid=0x0204, serial_number="9900B"),
    SimpleNamespace(device="/dev/ttyUSB0", description="CP2102", vid=0x10C4, pid=0xEA60, serial_number=None),
    SimpleNamespace(device="/dev/ttyS0", description=None, vid=None, pid=None, serial_number=None),
]


@pytest.fixture
def plugged(monkeypatch):
    monkeypatch.setattr(transport.list_ports, "comports", lambda: PLUGGED)


def test_known_boards_are_named(plugged):
    assert [(port.device, port.usb, port.board) for port in find()] == [
        ("/dev/ttyACM0", "0d28:0204", "microbit"),
        ("/dev/ttyACM1", "0d28:0204", "microbit"),
        ("/dev/ttyS0", "", ""),
        ("/dev/ttyUSB0", "10c4:ea60", ""),
    ]


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("usb:10c4:ea60", "/dev/ttyUSB0"),
        ("usb:10C4:EA60", "/dev/ttyUSB0"),
        ("usb:0d28:0204:9900A", "/dev/ttyACM1"),
        ("usb:9900B", "/dev/ttyACM0"),
        ("/dev/ttyACM7", "/dev/ttyACM7"),
        ("socket://127.0.0.1:9", "socket://127.0.0.1:9"),
    ],
)
def test_a_usb_identity_names_its_port(plugged, name, device):
    assert resolve(name) == device


@pytest.mark.parametrize(
    "url",
    ["socket://127.0.0.1", "socket://", "socket://:4000", "socket://host:port", "socket://host:70000", "rfc2217://h"],
)
def test_an_address_without_host_or_port_is_bad_input(url):
    with pytest.raises(InputError, match="names no host with a port") as caught:
        Port(url)
    assert f"{url.partition('://')[0]}://HOST:PORT" in str(caught.value)


@pytest.mark.parametrize("url", ["nonsense://x", "://", "socket", "alt://x?class=none", "loop://?bad=1", "spy://"])
def test_a_url_that_pyserial_cannot_read_is_told_in_words(url):
    with pytest.raises(EdgeSnnError):
        Port(url)


def test_two_of_a_kind_must_be_told_apart(plugged):
    with pytest.raises(InputError, match="2 such devices are plugged in") as caught:
        resolve("usb:0d28:0204")
    assert "name one of usb:0d28:0204:9900B, usb:0d28:0204:9900A" in str(caught.value)


@pytest.mark.parametrize("name", ["usb:1234:5678", "usb:", "usb:9900", "usb:0d28:0204:"])
def test_a_device_that_is_not_there_is_an_error_with_a_list(plugged, name):
    with pytest.raises(InputError, match=r"usb:10c4:ea60|2 such devices"):
        Port(name)


def test_the_command_lists_them(plugged):
    told = CliRunner().invoke(command, [])
    assert told.exit_code == 0
    assert "mbed [bold]" in told.output  # text of a device is no markup
    document = json.loads(CliRunner().invoke(command, ["--json"]).output)
    assert document["ports"][0] == {
        "device": "/dev/ttyACM0",
        "description": "mbed",
        "usb": "0d28:0204",
        "serial_number": "9900B",
        "board": "microbit",
    }


def test_without_ports_the_command_says_so(monkeypatch):
    monkeypatch.setattr(transport.list_ports, "comports", list)
    assert CliRunner().invoke(command, []).output == "no serial port\n"
    assert json.loads(CliRunner().invoke(command, ["--json"]).output) == {"ports": []}


def test_a_pty_and_a_spied_pty_are_ports(tmp_path):
    leader, follower = os.openpty()
    try:
        for url in (os.ttyname(follower), f"spy://{os.ttyname(follower)}?file={tmp_path / 'log'}"):
            port = Port(url)
            port.write(b"out")
            assert os.read(leader, 10) == b"out"
            os.write(leader, b"in")
            assert port.read() == b"in"
            port.set_baud(230400)
            assert port.baud == 230400
            port.close()
    finally:
        os.close(leader)
        os.close(follower)
    assert (tmp_path / "log").read_text().count("TX") >= 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pyserial's own
def test_a_port_on_another_computer_is_a_port(tmp_path):
    """rfc2217: the rate goes over the network as well."""
    far = serial.serial_for_url("loop://", timeout=0.05)
    server = socket.create_server(("127.0.0.1", 0))

    def work():
        line, _ = server.accept()
        with line, server:
            manager = rfc2217.PortManager(far, SimpleNamespace(write=line.sendall))
            while data := line.recv(1024):
                far.write(b"".join(manager.filter(data)))
                line.sendall(b"".join(manager.escape(far.read(far.in_waiting))))

    threading.Thread(target=work, daemon=True).start()
    port = Port(f"rfc2217://127.0.0.1:{server.getsockname()[1]}")
    port.write(b"there \xff and back")
    end = time.monotonic() + 5
    got = b""
    while time.monotonic() < end and len(got) < 16:
        got += port.read()
    assert got == b"there \xff and back"
    port.set_baud(57600)
    assert far.baudrate == 57600
    port.close()
