"""The ``edge-snn`` command: one file a sub-command, loaded when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from edge_snn import __version__
from edge_snn.errors import EdgeSnnError, ExitCode

COMMANDS = (
    "models",
    "train",
    "export",
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
    failure, 130 interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: runs a command and turns its errors into one message and an exit code."""
    try:
        code = group.main(args=arguments, standalone_mode=False)
    except EdgeSnnError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.BAD_INPUT)
    except BrokenPipeError:
        # The reader of our output left (| head); there is nobody to tell.
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    sys.exit(code if isinstance(code, int) else ExitCode.OK)


if __name__ == "__main__":
    main()
