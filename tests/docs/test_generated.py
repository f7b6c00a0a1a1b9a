"""What the documentation says of the code is what the code says (`make docs`)."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wanted() -> dict[Path, str]:
    """The files as `make docs` would write them."""
    spec = importlib.util.spec_from_file_location(
        "generate_docs", ROOT / "scripts" / "generate_docs.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    path = list(sys.path)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = path
    generated: Callable[[], dict[Path, str]] = module.generated
    return generated()


def test_generated_parts_are_up_to_date(wanted: dict[Path, str]) -> None:
    stale = [
        str(file.relative_to(ROOT))
        for file, text in wanted.items()
        if not file.exists() or file.read_text() != text
    ]
    assert stale == [], "run `make docs` and commit what it writes"


@pytest.mark.parametrize(
    "page", ["scenario-format", "faults", "claims-and-oracles", "cli", "library"]
)
def test_reference_pages_have_generated_parts(wanted: dict[Path, str], page: str) -> None:
    assert ROOT / "docs" / "reference" / f"{page}.md" in wanted
