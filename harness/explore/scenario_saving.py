"""A finding as a scenario file that `harness run` runs, kept only when it is proven.

    finding, operations, facts > document > file > run once: it must fail, in its last step
                                                 > for a demand of a state: a fresh cluster passes

So a file that is kept fails as long as the operator is wrong. What a scenario cannot say (an edit
by hand of which nothing is known, a difference in objects whose names are drawn, an operator that
stops the time) stays a `Trial` alone. A command in real time is not run again for this: it would
take minutes.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.oracle.verdict import Verdict
from harness.running.processes import run_plan
from harness.running.single import Options
from harness.scenario.loader import load_file
from harness.scenario.plan import Plan
from harness.scenario.result import CaseResult
from harness.scenario.settings import Settings, chosen_settings

from .operations import Create, Delete, Operation, Update
from .outcome import Finding, OperationFact
from .saving import FOLDER, name_of_finding, write_document
from .scenarios import scenario_document
from .target import Target

_SUFFIX = ".scenario.yaml"


def save_scenario(
    finding: Finding,
    operations: Sequence[Operation],
    facts: Sequence[OperationFact],
    *,
    target: Target,
    seed: int,
    source: Mapping[str, Any],
    folder: Path = FOLDER,
) -> Path | None:
    """Write a finding as a scenario and prove it; the file, or None where there is none to keep.

    Args:
        finding: What was found.
        operations: What leads to it, in order.
        facts: What became of them.
        target: What is under test.
        seed: Of the trial.
        source: Where the operator and its kind come from, as `target` of a trial file has it.
        folder: Where to.
    """
    name = name_of_finding(finding)
    file = folder / f"{name}{_SUFFIX}"
    file.unlink(missing_ok=True)
    if finding.demand is None or target.in_real_time or not _says_the_same(source, target, folder):
        return None
    asked = operations[: finding.operation + 1]
    full = scenario_document(
        target,
        asked,
        seed=seed,
        name=name,
        description=f"{finding.oracle}: {finding.message.splitlines()[0]}",
        facts=facts,
        demand=finding.demand,
    )
    if full is None:
        return None
    if finding.demand.is_of_state and not _passes_afresh(finding, asked, target, source, file):
        return None
    write_document(full, file)
    last = full["spec"]["steps"][-1]["name"]
    if _fails(_run(file, source, seed), last):
        return file
    file.unlink()
    return None


def scenario_line(file: Path, source: Mapping[str, Any]) -> str:
    """The one line that runs a saved scenario."""
    words = [f"harness run {shlex.quote(str(file))}"]
    words += [f"--crd {shlex.quote(source['crd'])}"] if _is_alone(source) else []
    words += [f"--subject {shlex.quote(_subject(source))}"] if source.get("subject") else []
    words += [f"--fresh-module {shlex.quote(name)}" for name in source.get("freshModules", ())]
    return " ".join(words)


def _is_alone(source: Mapping[str, Any]) -> bool:
    return bool(source.get("crd") and source.get("subject"))


def _subject(source: Mapping[str, Any]) -> str:
    """The module of a `kopf run` line, which `harness run` would take for a command."""
    from .subject_line import subject_of

    return subject_of(source["subject"]).module or str(source["subject"])


def _settings(file: Path, source: Mapping[str, Any]) -> Settings:
    """What `scenario_line` makes of the same."""
    return chosen_settings(
        file,
        crd=Path(source["crd"]) if _is_alone(source) else None,
        subject=_subject(source) if source.get("subject") else None,
        fresh_modules=source.get("freshModules", ()),
    )


def _says_the_same(source: Mapping[str, Any], target: Target, folder: Path) -> bool:
    """Whether the line would start the operator under test, and no other."""
    if any("/" in word and word.endswith(".py") for word in source.get("subject", "").split()):
        return False  # only `kopf run` itself looks for modules in the folder of a file
    settings = _settings(folder, source)
    return [spec.module for spec in target.subjects] == [settings.subject.module]


def _run(file: Path, source: Mapping[str, Any], seed: int) -> CaseResult | None:
    """Run a scenario in this process; None when it cannot be run."""
    try:
        (case,) = load_file(file)
        return run_plan(Plan(case, seed, _settings(file, source)), None, Options())
    except HarnessError:
        return None


def _fails(result: CaseResult | None, step: str) -> bool:
    """Whether the scenario tells of the finding, and of nothing that came before."""
    if result is None or not result.verdict.is_finding:
        return False
    return result.step in ("", step)


def _passes_afresh(
    finding: Finding,
    operations: Sequence[Operation],
    target: Target,
    source: Mapping[str, Any],
    file: Path,
) -> bool:
    """Whether what is demanded holds where the final specs are all that was ever asked for."""
    assert finding.demand is not None, "there is a demand"
    creations = _final_creations([*operations, *finding.demand.then])
    document = scenario_document(
        target,
        creations,
        seed=0,
        name=name_of_finding(finding),
        description="The same specs in a fresh cluster.",
        demand=replace(finding.demand, then=()),
    )
    if document is None:
        return False
    write_document(document, file)
    result = _run(file, source, 0)
    file.unlink()
    return result is not None and result.verdict is Verdict.PASSED


def _final_creations(operations: Sequence[Operation]) -> list[Operation]:
    """The objects that are there at the end, created as they are; sizes that were scaled to are
    not among specs, so such an example may prove nothing."""
    specs: dict[str, dict[str, Any]] = {}
    for operation in operations:
        if isinstance(operation, Create | Update) and not operation.invalid:
            if isinstance(operation, Create) or operation.name in specs:
                specs[operation.name] = operation.spec
        elif isinstance(operation, Delete) and not operation.recreate:
            specs.pop(operation.name, None)
    return [Create(name, spec) for name, spec in specs.items()]
