"""The ``edge-snn`` command: one file a sub-command, loaded when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from edge_snn import __version__
from edge_snn.cli.output import guarded
from edge_snn.errors import EdgeSnnError, ExitCode

COMMANDS = (
    "models",
    "train",
    "tflite",
    "convert",
    "inspect",
    "simulate",
    "anytime",
    "codegen",
    "build",
    "verify",
    "eval",
    "bisect",
    "compare",
    "profile",
    "boards",
    "ports",
    "doctor",
)


class LazyGroup(click.Group):
    """Imports a sub-command's module only when it is needed, so that --help stays quick and light."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"edge_snn.cli.{cmd_name}").command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edge-snn")
def group() -> None:
    """Spiking transformers on microcontrollers, by addition alone.

    \b
    The usual way through:
      edge-snn convert model.tflite -o model.esnn --calibrate fashion-mnist-calibration
      edge-snn eval --emulate mps2-an386 --model model.esnn --data fashion-mnist-1000 --limit 200

    Exit codes: 0 good, 1 mismatch or missed threshold, 2 bad input or missing tool, 3 device or link
    failure, 130 interrupted (143 or 129 by SIGTERM or SIGHUP).
    """


def main(arguments: Sequence[str] | None = None, command: click.Command = group) -> None:
    """Entry point: runs a command and turns its errors into one message and an exit code.

    Output that nobody reads any more changes nothing; output that cannot be written is bad output: exit code 2.
    """
    with guarded() as sinks:
        code = _run(command, arguments)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        lost = sinks["stdout"].failure if "stdout" in sinks else None
        if lost is not None:
            click.echo(f"error: standard output cannot be written: {lost.strerror}", err=True)
            code = code or ExitCode.BAD_INPUT
    sys.exit(code)


def _run(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Runs a command; returns its exit code."""
    try:
        code = command.main(args=arguments, standalone_mode=False)
    except EdgeSnnError as error:
        click.echo(f"error: {error}", err=True)
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return ExitCode.BAD_INPUT
    return code if isinstance(code, int) else ExitCode.OK


if __name__ == "__main__":
    main()
