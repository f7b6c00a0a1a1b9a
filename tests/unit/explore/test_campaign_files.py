"""Campaign and trial files: closed, with places and remedies; findings come back as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.database import InMemoryExampleDatabase

from harness.errors import FormatError, UsageError
from harness.explore.campaign.drawing import Example
from harness.explore.campaign.formats import campaign_schema
from harness.explore.campaign.loading import read_campaign, read_trial
from harness.explore.campaign.memory import Memory
from harness.explore.campaign.polishing import smaller_than
from harness.explore.campaign.searching import Batch, Hit
from harness.explore.campaign.shrinking import Shrunk
from harness.explore.campaign.telling import finding_text
from harness.explore.documents import operations_of
from harness.explore.fault_pool import DEFAULT_FAULTS, check_pool
from harness.explore.operations import Create, Delete, Inject, Operation, Update
from harness.explore.outcome import Finding
from harness.explore.saving import save_finding, source_of
from harness.explore.target import Target
from harness.scenario.loader import load_file

CRD = Path(__file__).parents[2] / "subjects" / "pages" / "crd.yaml"
TARGET = Target.of(CRD, "nobody.runs_this")
HEAD = "apiVersion: harness.dev/v1alpha1\nkind: Campaign\nmetadata: {name: nightly}\n"
EXAMPLE = Example(
    (
        Create("a", {"title": "x", "labels": {"k": "v"}}),
        Inject("apiError", {"status": 500}, 0.1, 5.0),
        Update("a", {"title": "y"}),
        Delete("a", recreate=True),
    ),
    7,
)


def found() -> Shrunk:
    finding = Finding("no-crash", "KeyError: 'tier'\n  more", 2, "no-crash|KeyError|x.py:f")
    return Shrunk(Hit(Batch(0, 1), 0, EXAMPLE, finding), EXAMPLE, finding, ("a line",), 3)


def written(folder: Path, text: str) -> Path:
    file = folder / "nightly.yaml"
    file.write_text(text)
    return file


def test_a_campaign_file_says_what_to_search(tmp_path: Path) -> None:
    text = HEAD + (
        "spec:\n"
        "  target: {crd: crd.yaml, subject: my.handlers}\n"
        "  generator: {operationsMax: 5}\n"
        "  faults: {apiError: 3, podKill: 0}\n"
        "  budget: {time: 5m, examples: 100}\n"
        "  seed: 3\n"
    )
    spec = read_campaign(written(tmp_path, text)).spec
    assert spec.budget.time == 300.0
    assert spec.faults == {"apiError": 3, "podKill": 0}
    assert spec.generator.operations_max == 5


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        pytest.param("  sed: 1", r":5:3: unknown key 'sed'; did you mean 'seed'\?", id="key"),
        pytest.param(
            "  faults: {apiEror: 1}", r"no fault is called 'apiEror'; did you mean", id="fault"
        ),
        pytest.param(
            "  oracles: [no-crush]", r"no oracle is called 'no-crush'; did you mean", id="oracle"
        ),
        pytest.param(
            "  budget: {time: 5}", r":5:18: spec.budget.time: 5 has no unit", id="duration"
        ),
    ],
)
def test_mistakes_are_told_with_place_and_remedy(tmp_path: Path, spec: str, error: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_campaign(written(tmp_path, f"{HEAD}spec:\n{spec}\n"))
    caught.match(error)


def test_a_campaign_among_scenarios_is_passed_over_but_not_run(tmp_path: Path) -> None:
    file = written(tmp_path, f"{HEAD}spec: {{}}\n")
    assert load_file(file, named=False) == []
    with pytest.raises(FormatError, match=r"harness fuzz.*--campaign"):
        load_file(file)


def test_the_json_schema_knows_all_keys() -> None:
    properties = campaign_schema()["$defs"]["CampaignSpec"]["properties"]
    assert {"target", "generator", "faults", "swarm", "budget", "seed", "workers"} <= {*properties}


def test_a_finding_comes_back_from_its_file(tmp_path: Path) -> None:
    file = save_finding(
        found().finding,
        EXAMPLE.operations,
        seed=EXAMPLE.seed,
        source=source_of("crd.yaml", "my.handlers"),
        folder=tmp_path,
    )
    trial = read_trial(file).spec
    assert operations_of({"operations": trial.operations}) == EXAMPLE.operations
    assert trial.seed == 7
    assert trial.target.subject == "my.handlers"
    assert trial.finding is not None
    assert trial.finding.key == found().key


def test_an_unknown_operation_of_a_trial_is_told_with_its_place(tmp_path: Path) -> None:
    text = HEAD.replace("Campaign", "Trial") + "spec:\n  operations:\n  - craete: {name: a}\n"
    with pytest.raises(FormatError, match=r":6:5: .*did you mean 'create'\?"):
        read_trial(written(tmp_path, text))


def test_the_text_of_a_finding_has_all_that_is_needed(tmp_path: Path) -> None:
    text = finding_text(found(), tmp_path / "x.yaml")
    assert text.startswith("Finding (no-crash): KeyError: 'tier'")
    assert '3. update a {"title": "y"}  <- seen here' in text
    assert "2. inject type=apiError" in text
    assert "schedule seed 7" in text
    assert text.endswith(f"replay: harness fuzz --replay {tmp_path / 'x.yaml'}")


def test_findings_are_remembered_and_others_forgotten() -> None:
    database = InMemoryExampleDatabase()
    memory = Memory(TARGET, database)
    memory.keep([Example((Create("b", {}),)), EXAMPLE])
    memory.keep([EXAMPLE])
    assert list(Memory(TARGET, database).examples()) == [EXAMPLE]


def test_findings_are_remembered_where_hypothesis_has_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings.register_profile("without a database", database=None)
    before = settings.get_current_profile_name()
    settings.load_profile("without a database")
    try:
        Memory(TARGET).keep([EXAMPLE])
        assert list(Memory(TARGET).examples()) == [EXAMPLE]
    finally:
        settings.load_profile(before)


def test_another_operator_remembers_nothing_of_it() -> None:
    database = InMemoryExampleDatabase()
    Memory(TARGET, database).keep([EXAMPLE])
    other = Target.of(CRD, "somebody.else")
    assert list(Memory(other, database).examples()) == []


def test_what_is_left_out_is_the_schedule_then_operations_then_parts() -> None:
    smaller = list(smaller_than(EXAMPLE))
    assert smaller[0] == Example(EXAMPLE.operations, 0)
    assert [len(each.operations) for each in smaller[1:5]] == [3] * 4
    rest = [each.operations for each in smaller[5:]]
    assert (Create("a", {"title": "x"}), *EXAMPLE.operations[1:]) in rest
    assert (*EXAMPLE.operations[:3], Delete("a")) in rest


def smaller_operations(*operations: Operation) -> list[tuple[Operation, ...]]:
    return [each.operations for each in smaller_than(Example(operations))]


def test_without_a_creation_the_update_after_it_creates() -> None:
    smaller = smaller_operations(Create("a", {}), Update("a", {"x": "a"}), Update("a", {}))
    assert (Create("a", {"x": "a"}), Update("a", {})) in smaller


def test_a_strange_name_becomes_the_first_plain_one_that_is_free() -> None:
    smaller = smaller_operations(Create("a", {}), Create("x" * 63, {}), Delete("x" * 63))
    assert (Create("a", {}), Create("b", {}), Delete("b")) in smaller


def test_texts_become_shorter_and_numbers_smaller() -> None:
    smaller = smaller_operations(Create("a", {"x": "ää", "y": 7}))
    values = {(each.spec.get("x"), each.spec.get("y")) for (each,) in smaller[1:]}  # type: ignore[union-attr]
    assert {("a", 7), ("ä", 7), ("ää", 0), ("ää", 1), ("ää", 3)} <= values


def test_the_plainest_example_has_nothing_smaller_but_nothing() -> None:
    assert smaller_operations(Create("a", {"x": "a", "y": 0})) == [
        (),
        (Create("a", {"y": 0}),),
        (Create("a", {"x": "a"}),),
        (Create("a", {"x": "", "y": 0}),),
    ]


def test_every_fault_of_the_default_pool_can_be_drawn() -> None:
    check_pool(DEFAULT_FAULTS)


def test_an_unknown_fault_of_a_pool_is_told() -> None:
    with pytest.raises(UsageError, match="did you mean 'podKill'"):
        check_pool({"podKil": 1})
