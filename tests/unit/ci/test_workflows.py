"""Workflows, and the ones that the documentation gives to users: valid, pinned, modest, parsed.

What they do on GitHub's machines only GitHub can tell. Here every `harness` command in them is read
by the command line itself, and every verb is asked of the Makefile.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from harness.cli import cli
from tests.support.markdown import blocks, commands

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "docs/how-to" / f"{name}.md" for name in ("use-in-ci", "run-on-kind")]
OURS = sorted((ROOT / ".github").rglob("*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@v\d+|\./\.github/actions/[\w-]+")
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
#: What a shell puts in is not known here; a digit is a valid value of every option it is used for.
SHELL_VALUE = re.compile(r"\$\(\(.*?\)\)|\$[A-Z_]+")
PATHS_AND_OPTIONS = ("$PATHS", "$OPTIONS")


def documents() -> dict[str, Any]:
    """Every workflow and action, ours and those shown, by where it stands."""
    yaml = YAML(typ="safe", pure=True)
    found = {str(file.relative_to(ROOT)): yaml.load(file.read_text()) for file in OURS}
    for page in PAGES:
        for block in blocks(page):
            if block.language == "yaml" and block.words.get("file", "").endswith(".yml"):
                found[str(block)] = yaml.load(block.text)
    return found


DOCUMENTS = documents()
GITHUB = {place: document for place, document in DOCUMENTS.items() if "jobs" in document}


def values(node: Any, *names: str) -> Iterator[Any]:
    """What stands under these names, anywhere in a document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in names:
                yield value
            yield from values(value, *names)
    elif isinstance(node, list):
        for item in node:
            yield from values(item, *names)


def scripts(document: Any) -> Iterator[str]:
    """Lines of all scripts: `run` on GitHub, `script` on GitLab."""
    for found in values(document, "run", "script", "before_script"):
        for text in found if isinstance(found, list) else [found]:
            if isinstance(text, str):  # `defaults.run` is a table
                yield from text.splitlines()


def harness_commands() -> Iterator[tuple[str, str]]:
    """Every `harness` command, and where it stands."""
    for place, document in DOCUMENTS.items():
        for line in scripts(document):
            if line.startswith("harness "):
                yield place, line
    for page in PAGES:
        for block in blocks(page):
            if block.language == "console":
                found = [command.line for command in commands(block)]
                yield from ((str(block), line) for line in found if line.startswith("harness "))


def words_of(line: str) -> list[str]:
    """The arguments of a command, with something in the place of what is not known here."""
    for unknown in PATHS_AND_OPTIONS:
        line = line.replace(unknown, "")
    return shlex.split(SHELL_VALUE.sub("1", EXPRESSION.sub("1", line)), comments=True)[1:]


def parsed(words: list[str]) -> click.Context:
    """The context of a command that is read and not run."""
    name, *rest = words
    command = cli.commands[name]
    return command.make_context(name, rest)


def test_documents_were_found() -> None:
    assert len(GITHUB) >= 2
    assert len(list(harness_commands())) > 10


@pytest.mark.parametrize(
    ("place", "line"),
    [pytest.param(place, line, id=f"{place}: {line}") for place, line in harness_commands()],
)
def test_a_harness_command_is_one(place: str, line: str) -> None:
    assert parsed(words_of(line)).command.name in cli.commands, place


def test_an_option_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(click.NoSuchOption):
        parsed(words_of("harness run --clutser kind"))


@pytest.mark.parametrize("place", [place for place in DOCUMENTS if "gitlab" not in place])
def test_actions_are_pinned_by_their_major_version(place: str) -> None:
    used = list(values(DOCUMENTS[place], "uses"))
    assert [action for action in used if not PINNED.fullmatch(action)] == []


@pytest.mark.parametrize("place", GITHUB)
def test_a_workflow_may_only_read_and_ends(place: str) -> None:
    document = GITHUB[place]
    assert document["permissions"] == {"contents": "read"}
    assert "github.ref" in document["concurrency"]["group"]
    assert all("timeout-minutes" in job for job in document["jobs"].values())


@pytest.mark.parametrize("place", GITHUB)
def test_kind_runs_at_night_and_by_hand_and_is_kept(place: str) -> None:
    job = GITHUB[place]["jobs"]["kind"]
    assert job["if"] == (
        "github.event_name == 'schedule' || github.event_name == 'workflow_dispatch'"
    )
    uploads = [step for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert [step["if"] for step in uploads] == ["always()"]


@pytest.mark.parametrize("place", GITHUB)
def test_hidden_folders_are_uploaded_only_where_that_is_said(place: str) -> None:
    for step in values(GITHUB[place], "with"):
        path = step.get("path", "")
        assert not path.startswith(".") or step["include-hidden-files"] is True


def test_what_a_workflow_makes_is_a_verb_of_the_makefile() -> None:
    verbs = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = [
        line.split()[1:]
        for document in GITHUB.values()
        for line in scripts(document)
        if line.startswith("make ")
    ]
    assert called
    assert {verb for words in called for verb in words} <= verbs


def test_python_of_the_matrix_is_what_the_project_promises() -> None:
    (ours,) = [document for place, document in GITHUB.items() if "harness.yml" in place]
    for job in ("test", "simulated"):
        assert ours["jobs"][job]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
