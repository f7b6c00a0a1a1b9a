"""What `make compare` measures, keeps and writes into pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scripts.benchmarks.one_truth import OneTruth, Timing, keep, read_all, sections
from scripts.benchmarks.pages import put

ROOT = Path(__file__).resolve().parents[3]
MEASURED = OneTruth(
    cluster="kind",
    command="make compare CLUSTER=kind",
    machine="Measured on a Tuesday.",
    scenarios=4,
    cases=5,
    skipped=1,
    same_verdict=5,
    same_end=4,
    sim=Timing(whole_seconds=4, cases_seconds=2.5, cluster_seconds=200),
    other=Timing(whole_seconds=400, cases_seconds=350, cluster_seconds=210),
)


def test_what_is_no_case_is_start_and_end() -> None:
    assert (MEASURED.sim.start_seconds, MEASURED.other.start_seconds) == (1.5, 50)


def test_the_table_compares_what_a_user_waits_for() -> None:
    assert MEASURED.lines() == [
        ("all cases, start and end included", "4 s", "400 s", "100"),
        ("start and end alone", "1.5 s", "50 s", "33"),
        ("one case, on average", "500 ms", "70 s", "140"),
        ("one case with a cluster of its own", "500 ms", "120 s", "240"),
        ("time on the cluster's clock", "200 s", "210 s", "1"),
    ]


def test_the_section_says_how_many_were_equal_and_how_many_skipped() -> None:
    head = MEASURED.section().splitlines()[0]
    assert "the same 4 scenarios** with 5 cases (1 more were skipped there)" in head
    assert "verdicts equal 5 of 5, end states equal (masked) 4 of 5." in head


def test_the_row_for_the_table_of_speed_is_from_the_same_measurement() -> None:
    row = MEASURED.row()
    assert (row.what, row.measured) == ("the same on kind", "120 s, 240 times as long")


def test_a_new_measurement_replaces_the_last_one_of_its_cluster(tmp_path: Path) -> None:
    file = tmp_path / "one-truth.json"
    assert read_all(file) == {}
    plane = replace(MEASURED, cluster="control-plane")
    again = replace(MEASURED, cases=6)
    for measured in (MEASURED, plane, again):
        kept = keep(measured, file)
    assert kept == read_all(file) == {"kind": again, "control-plane": plane}


def test_kind_comes_first() -> None:
    text = sections({"control-plane": replace(MEASURED, cluster="control-plane"), "kind": MEASURED})
    assert text.index("`kind`") < text.index("`control-plane`")


def test_only_what_is_between_the_markers_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- x:begin -->\nold\n<!-- x:end -->\nbelow\n")
    put(page, "x", "new\n")
    assert page.read_text() == "above\n<!-- x:begin -->\nnew\n\n<!-- x:end -->\nbelow\n"


def test_a_page_without_markers_is_not_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    with pytest.raises(ValueError, match="lacks the lines <!-- x:begin --> and <!-- x:end -->"):
        put(page, "x", "new")


@pytest.mark.parametrize("name", ["bench", "one-truth"])
@pytest.mark.parametrize("page", ["README.md", "docs/reference/speed.md"])
def test_both_pages_have_both_places(page: str, name: str) -> None:
    text = (ROOT / page).read_text()
    assert text.count(f"<!-- {name}:begin -->") == text.count(f"<!-- {name}:end -->") == 1
