"""Fixtures of this room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fake_programs import FakePrograms

MakeProgram = Callable[..., Path]


@pytest.fixture
def programs() -> FakePrograms:
    """Programs that answer by rules."""
    return FakePrograms()


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeProgram:
    """Puts executables on PATH, where nothing else is; `on_path(name, script)`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, script: str = "") -> Path:
        program = folder / name
        program.write_text(f"#!/bin/sh\nexport PATH=/usr/bin:/bin\n{script}\n")
        program.chmod(0o755)
        return program

    return make
