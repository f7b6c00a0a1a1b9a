"""Options that several subcommands share, and what they select."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.scenario.loader import Case
    from harness.scenario.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def paths_argument(command: Command) -> Command:
    """`PATHS...`: scenario files or folders; `scenarios` when none is given."""
    return click.argument("paths", nargs=-1, type=click.Path(path_type=Path))(command)


def selection_options(command: Command) -> Command:
    """`--case NAME=VALUE`, `--name GLOB` and `--label KEY=VALUE`."""
    for option in (
        click.option(
            "--case",
            "matrix",
            multiple=True,
            metavar="NAME=VALUE",
            help="Only cases with this matrix value.",
        ),
        click.option("--name", "names", multiple=True, help="Only cases whose name matches GLOB."),
        click.option(
            "--label",
            "labels",
            multiple=True,
            metavar="KEY=VALUE",
            help="Only scenarios with this label.",
        ),
    ):
        command = option(command)
    return command


def select_cases(
    paths: Sequence[Path],
    *,
    matrix: Sequence[str] = (),
    names: Sequence[str] = (),
    labels: Sequence[str] = (),
) -> list[Case]:
    """The cases below `paths` that all the given options select."""
    import fnmatch

    from harness.scenario.loader import load_cases
    from harness.vocabulary import did_you_mean

    cases = load_cases(list(paths) or [Path("scenarios")])
    for text in matrix:
        name, value = _pair(text, "--case")
        known = {key for case in cases for key in case.values}
        if name not in known:
            remedy = did_you_mean(name, known)
            raise UsageError(f"--case {text}: no scenario has {name!r} in its matrix{remedy}")
        cases = [case for case in cases if str(case.values.get(name)) == value]
    for text in labels:
        name, value = _pair(text, "--label")
        cases = [case for case in cases if case.scenario.metadata.labels.get(name) == value]
    if names:
        cases = [case for case in cases if any(fnmatch.fnmatchcase(case.name, n) for n in names)]
    return cases


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{option} {text!r} has no value; write {option} NAME=VALUE")
    return name, value


def subject_options(command: Command) -> Command:
    """`--subject`, `--crd` and `--fresh-module`: another operator than the project's."""
    for option in (
        click.option(
            "--fresh-module",
            "fresh_modules",
            multiple=True,
            metavar="NAME",
            help="Import this module of the operator's anew at each of its starts, too.",
        ),
        click.option(
            "--crd",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            help="With --subject: this kind and operator alone, nothing of the project.",
        ),
        click.option("--subject", help="Another operator: a kopf module or a command."),
    ):
        command = option(command)
    return command


def settings_of(
    cases: Sequence[Case],
    subject: str | None = None,
    *,
    crd: Path | None = None,
    fresh_modules: Sequence[str] = (),
) -> dict[str, Settings]:
    """The settings for each file, with what `subject_options` say put in."""
    from harness.scenario.settings import chosen_settings

    return {
        case.file: chosen_settings(
            Path(case.file), crd=crd, subject=subject, fresh_modules=fresh_modules
        )
        for case in cases
    }
