"""A plan: everything that decides a run. The same plan gives the same journal, anywhere.

A plan is a case (scenario and matrix values), a seed, a hash seed, the minor version of Python and
the versions of the installed packages. It is written as `plan.yaml` beside the journal, and
`harness replay` reads it back.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from harness.clusters.offers import CLUSTERS, CONTROL_PLANE, EXISTING, KIND, OFFERS, SIM
from harness.errors import FormatError, UsageError

from .hash_seed import HASH_SEED
from .loader import Case, load_file
from .model import API_VERSION
from .scaling import with_scaled_timeouts
from .settings import Settings, alone, find_settings
from .yaml_tree import read

SEED_MAX = 2**32 - 1

_PERMISSION = "allow-context"

_HEAD_FIELD = re.compile(r"^(Name|Version): *(.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Plan:
    """One run to be made."""

    case: Case
    seed: int
    settings: Settings
    #: The kind of cluster that was asked for, one of `CLUSTERS`.
    where: str = SIM
    #: Options of `harness run` that say more about the place, by their names; not the defaults.
    place: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The case's name."""
        return self.case.name

    @property
    def in_real_time(self) -> bool:
        """Whether the cluster is real, or the subject a command: neither gets another clock."""
        return self.where != SIM or bool(self.settings.subject.command)

    @property
    def cluster(self) -> str:
        """Where it runs: as asked for, or `sim` over https in real time, which is `served`."""
        return "served" if self.where == SIM and self.in_real_time else self.where

    @property
    def operator(self) -> str:
        """How the operator runs, one of `harness.clusters.offers.OPERATORS`."""
        return str(self.place.get("operator") or OFFERS[self.where].operators[0])

    @property
    def shows_requests(self) -> bool:
        """Whether the operator's requests come through the harness, and so are recorded."""
        return self.operator in OFFERS[self.where].proxied

    def document(self) -> dict[str, Any]:
        """The content of `plan.yaml`."""
        # What was permitted is for the person who runs it to say again.
        place = {name: value for name, value in self.place.items() if name != _PERMISSION}
        return {
            "apiVersion": API_VERSION,
            "kind": "Plan",
            "scenario": {
                "file": os.path.relpath(self.case.file),
                "name": self.case.scenario.metadata.name,
                "digest": _digest(Path(self.case.file).read_bytes()),
            },
            "matrix": dict(self.case.values),
            "seed": self.seed,
            "hashSeed": HASH_SEED,
            "python": f"{sys.version_info.major}.{sys.version_info.minor}",
            "packages": packages_digest(),
            "cluster": self.cluster,
            **({"place": place} if place else {}),
            **({"crd": os.path.relpath(self.settings.crd)} if self.settings.crd else {}),
            "subject": self.settings.subject.model_dump(exclude_defaults=True),
            "faults": [
                {"name": fault.name, "type": fault.type, "step": step.name}
                for step in self.case.scenario.spec.steps
                for fault in step.faults
            ],
        }

    @property
    def replay_line(self) -> str:
        """The command that makes this run again."""
        parts = ["harness run", os.path.relpath(self.case.file), f"--seed {self.seed}"]
        pairs = [f"{name}={value}" for name, value in self.case.values.items()]
        parts += [f"--case {shlex.quote(pair)}" for pair in pairs]
        if self.where != SIM:
            parts.append(f"--cluster {self.where}")
        parts += [words for name, value in self.place.items() for words in _words(name, value)]
        parts += self._subject_words()
        if self.case.runs_own_code:
            parts.append("--allow-custom")
        return " ".join(parts)

    def _subject_words(self) -> list[str]:
        """The options that name another operator than the project's."""
        subject, crd = self.settings.subject, self.settings.crd
        projects = find_settings(Path(self.case.file)).subject
        if subject == projects and not crd:
            return []
        words = list(_words("crd", os.path.relpath(crd))) if crd else []
        words += _words("subject", subject.module or shlex.join(subject.command))
        known = [] if crd else projects.fresh_modules
        for name in subject.fresh_modules:
            words += _words("fresh-module", name) if name not in known else ()
        return words


def _words(option: str, value: Any) -> Iterator[str]:
    """An option as it is written on a command line."""
    if value is True:
        yield f"--{option}"
        return
    for each in value if isinstance(value, tuple | list) else (value,):
        text = f"{each:g}" if isinstance(each, float) else str(each)
        yield f"--{option} {shlex.quote(text)}"


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()


@cache
def packages_digest() -> str:
    """A digest of the installed packages and their versions: the lock of this environment."""
    found = sorted(_package(found) for found in importlib.metadata.distributions())
    return _digest("\n".join(dict.fromkeys(found)).encode())


def _package(distribution: importlib.metadata.Distribution) -> str:
    """`name==version`, from the head of the metadata: parsing the mail that it is takes 20 times
    as long, for each of some hundred packages at each start."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    head = dict(_HEAD_FIELD.findall(text.partition("\n\n")[0]))
    return f"{head.get('Name')}=={head.get('Version')}".lower()


def plans_of(
    cases: list[Case],
    *,
    seed: int | None,
    repeat: int,
    draw: int,
    settings: Mapping[str, Settings],
) -> list[Plan]:
    """One plan for each case and repetition.

    Args:
        cases: What to run.
        seed: Given on the command line; else the scenario's own, else `draw`.
        repeat: How many times each, with seeds counted up from the first.
        draw: A fresh random seed.
        settings: The project's settings, by file.
    """
    plans = []
    for case in cases:
        own = case.scenario.spec.seed
        first = seed if seed is not None else own if own is not None else draw
        plans += [
            Plan(case, (first + number) % (SEED_MAX + 1), settings[case.file])
            for number in range(repeat)
        ]
    return plans


def read_plan(file: Path) -> tuple[Plan, dict[str, Any]]:
    """The plan that a `plan.yaml` tells of, and its document.

    Raises:
        UsageError: The scenario is not there any more or has no such case.
    """
    try:
        (tree,) = read(file.read_text(), str(file))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} is no plan.yaml of a run: {error}") from None
    document: dict[str, Any] = tree.value
    if document.get("kind") != "Plan":
        raise FormatError(f"kind is {document.get('kind')!r}; expected Plan", file=str(file))
    scenario = Path(document["scenario"]["file"])
    if not scenario.exists():
        raise UsageError(f"{file} needs {scenario}, which is not below the current folder")
    for case in load_file(scenario):
        if case.scenario.metadata.name == document["scenario"]["name"] and dict(
            case.values
        ) == document.get("matrix", {}):
            crd = document.get("crd")
            settings = alone(Path(crd)) if crd else find_settings(scenario)
            subject = settings.subject.model_validate(document.get("subject", {}))
            settings = settings.model_copy(update={"subject": subject})
            where = document.get("cluster", SIM)
            where = where if where in CLUSTERS else SIM  # `served` follows from the subject
            place = document.get("place") or {}
            case = with_scaled_timeouts(case, place.get("timeout-scale", 1.0))
            return Plan(case, document["seed"], settings, where, place), document
    raise UsageError(
        f"{scenario} no longer has the case {document['scenario']['name']!r} of {file}"
    )


__all__ = [
    "CLUSTERS",
    "CONTROL_PLANE",
    "EXISTING",
    "KIND",
    "SEED_MAX",
    "SIM",
    "Plan",
    "packages_digest",
    "plans_of",
    "read_plan",
]
