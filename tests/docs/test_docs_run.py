"""Documentation that is carried out: every file, command, output and link of it.

A page's blocks run in order in a folder of their own. A page that says
`<!-- continues: OTHER.md -->` begins with the files that the other one left. Of an output the
lines shown must come in that order; `...` stands for any lines, times of the machine for any time.
Times of the cluster must be right to the second; resourceVersions and hashes may be others, because
any change of a controller changes them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.running.processes import run_plan
from harness.running.single import Options
from harness.scenario.loader import Case, load_file
from harness.scenario.plan import plans_of
from harness.scenario.settings import find_settings
from tests.support.markdown import Block, blocks, commands, files_before

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "tests" / "README.md"])
RUN_LANGUAGES = ("console", "yaml", "python", "toml")

_MACHINE_TIME = re.compile(r"\d+\.\d\d ?s\b")
_CLUSTER_TIME = re.compile(r"\b(\d+)\.\d{3}s\b")
_VERSION = re.compile(r"\(rv \d+\)")
_HASH = re.compile(r"\b[0-9a-f]{32}\b")
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)")
_WRAPPER = """\
apiVersion: harness.dev/v1alpha1
kind: Scenario
metadata: {name: fragment}
spec:
  description: A fragment of the documentation.
  bindings: {name: demo, size: 2}
  objects: {service: AIService/demo, workload: Deployment/demo}
  steps:
"""


#: Around the examples of faults: the service grows while they act, and has grown in the end.
_BEFORE_FAULTS = """\
  - name: create
    do:
    - apply: {file: aiservice.yaml}
    expect: {within: 60s, all: [cel: service.status.readyReplicas == 2]}
  - name: grow
    do:
    - patch: {object: service, merge: {spec: {size: 3}}}
    expect: {within: 3m, stableFor: 10s, all: [cel: service.status.readyReplicas == 3]}
    faults:
"""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def runs(page: Path) -> bool:
    return any(block.language == "console" and "norun" not in block.words for block in blocks(page))


@pytest.mark.parametrize("page", [page for page in PAGES if runs(page)], ids=name_of)
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    folder = ROOT if page.parent == ROOT else tmp_path
    for name, text in files_before(page).items():
        write(folder / name, text)
    for block in blocks(page):
        if "file" in block.words:
            assert folder != ROOT, f"{block}: a page of the repository writes no files"
            write(folder / block.words["file"], block.text)
        elif block.language == "console" and "norun" not in block.words:
            carry_out(block, folder)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def carry_out(block: Block, folder: Path) -> None:
    """Run the commands of a block and compare what they print."""
    *_, last = every = commands(block)
    for command in every:
        wanted = int(block.words.get("exit", 0)) if command is last else 0
        done = subprocess.run(
            ["bash", "-c", command.line],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        printed = done.stdout + done.stderr
        assert done.returncode == wanted, f"{block}: {command.line}\n{printed}"
        compare = any_missing if "anyorder" in block.words else first_missing
        missing = compare(command.output, printed.splitlines())
        assert not missing, f"{block}: {command.line}\nnot printed: {missing}\nbut:\n{printed}"


def environment() -> dict[str, str]:
    programs = str(Path(sys.executable).parent)
    unset = ("PYTEST_CURRENT_TEST", "PYTEST_ADDOPTS", "COV_CORE_SOURCE", "COVERAGE_PROCESS_START")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return {**kept, "PATH": f"{programs}:{os.environ['PATH']}", "COLUMNS": "200"}


def shows(printed: str, shown: str) -> bool:
    """Whether a printed line is the one shown; `...` at its end stands for the rest of it."""
    start, dots, _ = normal(shown).partition(" ...")
    return printed.startswith(start) if dots else printed == start


def first_missing(shown: Sequence[str], printed: Sequence[str]) -> str:
    """The first line of the page that was not printed in its turn; empty when all were."""
    rest: Iterator[str] = iter([normal(line) for line in printed])
    for line in shown:
        if line.strip() not in ("", "...") and not any(shows(one, line) for one in rest):
            return line
    return ""


def any_missing(shown: Sequence[str], printed: Sequence[str]) -> str:
    """The same for lines whose order depends on which process is faster."""
    there = {normal(line) for line in printed}
    return next((line for line in shown if normal(line) not in there | {"", "..."}), "")


def normal(line: str) -> str:
    line = _CLUSTER_TIME.sub(r"\1 seconds", line)
    line = _VERSION.sub("(rv)", _HASH.sub("HASH", line))
    return " ".join(_MACHINE_TIME.sub("TIME", line).split())


FRAGMENTS = [
    block
    for page in PAGES
    for block in blocks(page)
    if {"scenario", "steps", "faults"} & set(block.words) and block.language == "yaml"
]


@pytest.mark.parametrize("block", FRAGMENTS, ids=str)
def test_a_scenario_that_is_shown_is_valid(block: Block, tmp_path: Path) -> None:
    assert cases_of(block, tmp_path)


@pytest.mark.parametrize("block", [one for one in FRAGMENTS if "passes" in one.words], ids=str)
def test_the_example_operator_passes_a_scenario_that_is_shown(block: Block, tmp_path: Path) -> None:
    cases = cases_of(block, tmp_path)
    settings = {case.file: find_settings(ROOT) for case in cases}
    plans = plans_of(cases, seed=None, repeat=1, draw=1, settings=settings)
    results = [run_plan(plan, None, Options()) for plan in plans]
    assert [result.message for result in results if not result.passed] == []


def cases_of(block: Block, folder: Path) -> list[Case]:
    text = block.text
    if "steps" in block.words:
        text = _WRAPPER + "".join(f"  {line}\n" for line in text.splitlines())
    if "faults" in block.words:
        text = _WRAPPER + _BEFORE_FAULTS
        text += "".join(f"    {line}\n" for line in block.text.splitlines())
    file = folder / "shown.yaml"
    file.write_text(text)
    shutil.copy(ROOT / "scenarios" / "aiservice.yaml", folder)
    return load_file(file)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    links = [link for link in _LINK.findall(text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
