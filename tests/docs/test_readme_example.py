"""The pytest test that the README shows, carried out as it stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import Cluster
from tests.support.markdown import blocks

ROOT = Path(__file__).resolve().parents[2]


def test_the_test_of_the_readme_passes() -> None:
    (example,) = [block for block in blocks(ROOT / "README.md") if block.language == "python"]
    names: dict[str, Any] = {}
    exec(compile(example.text, str(example), "exec"), names)
    test = names["test_a_deleted_deployment_comes_back"]
    cluster = Cluster(seed=1, folder=ROOT)
    cluster.run(lambda: test(cluster))
