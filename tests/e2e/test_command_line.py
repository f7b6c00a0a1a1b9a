"""The subcommands and options of `harness`, and what a run leaves and prints."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

from tests.support.command import Done, Project, plain_environment, scenario

SUBCOMMANDS = ("run", "validate", "plan", "list", "schema", "replay", "serve")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two scenarios, three cases."""
    folder = tmp_path_factory.mktemp("project")
    other = scenario("other").replace("tier: smoke", "tier: slow")
    return Project.make(folder, small=scenario("small", sizes=(1, 2)), other=other)


@pytest.fixture(scope="module")
def done(project: Project) -> Done:
    """One run of all of them."""
    return project.run("run", "--seed", "7", "--report-dir", "all", "--parallel", "2")


def test_a_case_is_one_plain_line_where_nobody_looks(done: Done) -> None:
    assert done.code == 0, done
    assert "\x1b" not in done.output
    lines = [line for line in done.output.splitlines() if line.startswith("Passed")]
    assert sorted(line.split()[1] for line in lines) == [
        "other[size=1]",
        "small[size=1]",
        "small[size=2]",
    ]
    assert all(
        re.search(r"converged in [0-9.]+s +\S+ of cluster time in \S+ s$", li) for li in lines
    )


def test_a_run_leaves_a_folder_for_each_case(project: Project, done: Done) -> None:
    report = project.folder / "all"
    assert sorted(path.name for path in report.iterdir()) == [
        "junit.xml",
        "other-size=1-seed7",
        "run.json",
        "small-size=1-seed7",
        "small-size=2-seed7",
    ]
    files = sorted(path.name for path in (report / "small-size=2-seed7").iterdir())
    assert files == ["journal.ndjson", "plan.yaml", "run.json"]


def test_the_journal_hash_is_that_of_the_journal(project: Project, done: Done) -> None:
    folder = project.folder / "all" / "small-size=1-seed7"
    result = json.loads((folder / "run.json").read_text())
    journal = (folder / "journal.ndjson").read_bytes()
    assert result["journal_hash"] == hashlib.blake2b(journal, digest_size=16).hexdigest()
    lines = [json.loads(line) for line in journal.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[-1]["kind"] in ("verdict", "process", "log", "response", "request")


def test_the_result_tells_seed_verdict_and_times(project: Project, done: Done) -> None:
    result = project.results("all")[2]
    assert (result["case"], result["seed"], result["verdict"]) == ("small[size=2]", 7, "Passed")
    assert 0 < result["converged_seconds"] <= result["virtual_seconds"]
    assert result["wall_seconds"] > 0
    assert result["replay"] == "harness run scenarios/small.yaml --seed 7 --case size=2"


def test_the_plan_says_all_that_decides_the_run(project: Project, done: Done) -> None:
    file = project.folder / "all" / "small-size=2-seed7" / "plan.yaml"
    plan = YAML(typ="safe", pure=True).load(file.read_text())
    assert {key: plan[key] for key in ("kind", "matrix", "seed", "hashSeed", "cluster")} == {
        "kind": "Plan",
        "matrix": {"size": 2},
        "seed": 7,
        "hashSeed": 0,
        "cluster": "sim",
    }
    assert {"scenario", "python", "packages", "subject", "faults"} <= set(plan)


def test_junit_is_one_suite_with_all_cases(project: Project, done: Done) -> None:
    suite = ElementTree.parse(project.folder / "all" / "junit.xml").getroot()
    assert (suite.tag, suite.get("tests"), suite.get("failures")) == ("testsuite", "3", "0")
    names = sorted(str(case.get("name")) for case in suite.iter("testcase"))
    assert names == ["other[size=1]", "small[size=1]", "small[size=2]"]


def test_replay_makes_the_same_run_again(project: Project, done: Done) -> None:
    replayed = project.run("replay", "all/small-size=1-seed7")
    assert replayed.code == 0, replayed
    result = project.results("all")[1]
    assert f"the same run: journal {result['journal_hash']}" in replayed.output


def test_runs_in_one_process_are_the_same_runs(project: Project, done: Done) -> None:
    here = project.run("run", "--seed", "7", "--no-fork", "--report-dir", "here")
    assert here.code == 0, here
    hashes = [[r["journal_hash"] for r in project.results(name)] for name in ("all", "here")]
    assert hashes[0] == hashes[1]


def test_repeat_counts_seeds_up(project: Project) -> None:
    words = ["run", "--name", "other*", "--seed", "5", "--repeat", "3", "--report-dir", "repeat"]
    assert project.run(*words).code == 0
    results = project.results("repeat")
    assert [result["seed"] for result in results] == [5, 6, 7]
    assert len({result["journal_hash"] for result in results}) == 3


def test_without_a_seed_one_is_drawn_and_told(project: Project) -> None:
    assert project.run("run", "--name", "other*", "--report-dir", "drawn").code == 0
    (result,) = project.results("drawn")
    assert f"--seed {result['seed']} " in result["replay"]


def test_shards_share_the_cases_out(project: Project) -> None:
    seen = []
    for index in ("0", "1"):
        words = ["run", "--shard-index", index, "--shard-count", "2", "--report-dir", "shard"]
        assert project.run(*words).code == 0
        seen.append([result["case"] for result in project.results("shard")])
    assert sorted(len(names) for names in seen) == [1, 2]
    assert sorted(seen[0] + seen[1]) == ["other[size=1]", "small[size=1]", "small[size=2]"]


def test_fail_fast_starts_nothing_after_the_first_finding(tmp_path: Path) -> None:
    wrong = scenario("wrong").replace("c.status == 'True'", "c.status == 'Sometimes'")
    project = Project.make(tmp_path, a_wrong=wrong, b_good=scenario("good"))
    assert project.run("run", "--fail-fast", "--parallel", "1").code == 1
    assert [result["case"] for result in project.results()] == ["wrong[size=1]"]


SELECTIONS = [
    pytest.param(["--case", "size=2"], ["small[size=2]"], id="case"),
    pytest.param(["--name", "oth*"], ["other[size=1]"], id="name"),
    pytest.param(["--label", "tier=slow"], ["other[size=1]"], id="label"),
    pytest.param(
        ["--label", "tier=smoke", "--case", "size=1"], ["small[size=1]"], id="label-and-case"
    ),
]


@pytest.mark.parametrize(("words", "names"), SELECTIONS)
def test_options_select_cases(project: Project, words: list[str], names: list[str]) -> None:
    listed = project.run("list", *words)
    shown = [line.strip() for line in listed.output.splitlines() if line.startswith("  ")]
    assert (listed.code, shown) == (0, names)


def test_list_says_what_each_file_proves(project: Project) -> None:
    listed = project.run("list", "scenarios/other.yaml")
    assert listed.output.splitlines() == [
        "scenarios/other.yaml: A test of the command line.",
        "  other[size=1]",
    ]


def test_validate_counts_files_and_cases(project: Project) -> None:
    validated = project.run("validate")
    assert (validated.code, validated.output) == (0, "scenario files: 2, cases: 3, all valid\n")


def test_validate_of_an_empty_folder_selects_nothing(project: Project) -> None:
    (project.folder / "empty").mkdir()
    assert project.run("validate", "empty").code == 5


def test_plan_shows_what_would_run(project: Project) -> None:
    planned = project.run("plan", "--seed", "3", "--subject", "my.operator")
    documents = list(YAML(typ="safe", pure=True).load_all(planned.output))
    assert [(plan["seed"], plan["subject"]["module"]) for plan in documents] == [
        (3, "my.operator")
    ] * 3


def test_schema_is_json_schema(project: Project) -> None:
    schema = json.loads(project.run("schema").output)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "spec" in schema["properties"]


def test_help_names_every_subcommand(project: Project) -> None:
    told = project.run("--help").output
    assert all(re.search(rf"^  {name} ", told, re.MULTILINE) for name in SUBCOMMANDS)


def test_an_operator_whose_import_fails_is_told_once_for_all_cases(tmp_path: Path) -> None:
    (tmp_path / "broken_operator.py").write_text("import not_installed_library\n")
    project = Project.make(tmp_path, module="broken_operator", s=scenario("s", sizes=(1, 2)))
    broken = project.run("run", "--seed", "1")
    assert broken.code == 1, broken
    first_line = "subject:operator left an exception unhandled: ModuleNotFoundError: "
    assert broken.output.count(f"{first_line}No module named 'not_installed_library'") == 1
    assert "the same in s[size=" in broken.output


def test_secrets_do_not_reach_the_journal(tmp_path: Path) -> None:
    secret = """
    - apply:
        object:
          apiVersion: v1
          kind: Secret
          metadata: {name: password}
          stringData: {password: correct-horse-battery-staple}
"""
    text = scenario("secret").replace("    expect:\n", secret.lstrip("\n") + "    expect:\n")
    project = Project.make(tmp_path, secret=text)
    assert project.run("run", "--seed", "1").code == 0
    journal = (tmp_path / ".harness/last/secret-size=1-seed1/journal.ndjson").read_text()
    assert '"password"' in journal
    assert "correct-horse" not in journal
    assert "Y29ycmVjdC1ob3JzZ" not in journal  # the same in base64


def test_on_a_terminal_the_running_cases_are_shown(project: Project) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        project.command("run", "--name", "other*", "--report-dir", "terminal"),
        cwd=project.folder,
        env={**plain_environment(), "TERM": "xterm", "COLUMNS": "100"},
        stdout=theirs,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
    )
    os.close(theirs)
    shown = _read_all(ours)
    assert process.wait(timeout=60) == 0, shown
    assert re.search(r"running.*other\[size=1\].*0 s", shown)
    assert "1 of 1 ended, 0 not passed" in shown


def _read_all(descriptor: int) -> str:
    """What is written to a terminal until its other end is closed, which reads as an error."""
    with os.fdopen(descriptor, "rb", buffering=0) as terminal:
        parts = []
        try:
            while part := terminal.read(65536):
                parts.append(part)
        except OSError:
            pass
    return b"".join(parts).decode()
