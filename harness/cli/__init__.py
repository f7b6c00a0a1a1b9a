"""The `harness` command: one module a group of subcommands.

What belongs here: options, words for people, exit codes. What does not: anything a library user
could want to call.

The start is kept short: subcommands import what they need when they are called, because
`harness --help` and shell completion should not wait for an operator framework.
"""

from __future__ import annotations

import sys

import click

from harness.errors import HarnessError, InfrastructureError, UsageError

from .cleaning import clean
from .doctoring import doctor
from .exit_codes import INFRASTRUCTURE, INTERRUPTED, USAGE
from .fuzzing import fuzz
from .inspecting import list_cases, plan, schema, validate
from .replaying import replay
from .running import run
from .serving import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="operator-harness", prog_name="harness")
def cli() -> None:
    """Prove that a Kubernetes operator converges, whatever breaks."""


for command in (run, validate, plan, list_cases, schema, replay, fuzz, serve, clean, doctor):
    cli.add_command(command)


def main() -> None:
    """Run the command; errors become one clear text and the documented exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = USAGE
    except UsageError as error:
        click.echo(f"error: {error}", err=True)
        code = USAGE
    except (InfrastructureError, HarnessError) as error:
        click.echo(f"error: {error}", err=True)
        code = INFRASTRUCTURE
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; everything was undone", err=True)
        code = INTERRUPTED
    sys.exit(code if isinstance(code, int) else 0)
