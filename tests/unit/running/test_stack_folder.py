"""Where the stack of a kind cluster keeps its state."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.running.on_kind import stack_folder


@pytest.mark.parametrize(
    ("is_new", "kept"),
    [
        pytest.param(True, False, id="a-new-cluster-knows-nothing-of-an-earlier-one"),
        pytest.param(False, True, id="a-cluster-that-was-kept-has-what-its-stack-made"),
    ],
)
def test_a_state_lives_as_long_as_its_cluster(is_new: bool, kept: bool, tmp_path: Path) -> None:
    state = tmp_path / "stacks/operator-harness/state"
    state.mkdir(parents=True)
    folder = stack_folder(tmp_path, "operator-harness", is_new=is_new)
    assert folder == state.parent
    assert state.exists() is kept


def test_the_first_cluster_of_a_name_has_no_state(tmp_path: Path) -> None:
    assert not stack_folder(tmp_path, "operator-harness", is_new=True).exists()
