"""``edge-snn ports``: the serial ports of this computer, and which of them are known boards."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.markup import escape
from rich.table import Table

from edge_snn.cli.common import console, json_option, print_json


@click.command("ports")
@json_option
def command(as_json: bool) -> None:
    """List serial ports, with the USB identity that --port takes.

    A port is named by its device, by USB identity (usb:VID:PID, usb:VID:PID:SERIAL or usb:SERIAL), or by any
    other URL of pyserial: socket://HOST:PORT, rfc2217://HOST:PORT, spy:///dev/ttyACM0.

    \b
    Examples:
      edge-snn ports
      edge-snn eval --port usb:0d28:0204 --board microbit --model fashion-mnist-nano --data fashion-mnist
    """
    from edge_snn.harness.transport import find

    found = find()
    if as_json:
        print_json({"ports": [asdict(port) for port in found]})
        return
    if not found:
        console(False).print("no serial port")
        return
    table = Table("port", "USB", "serial number", "board", "", box=None)
    for port in found:
        usb = f"usb:{port.usb}" if port.usb else "-"
        row = (port.device, usb, port.serial_number or "-", port.board or "-", port.description)
        table.add_row(*(escape(text) for text in row))
    console(False).print(table)
