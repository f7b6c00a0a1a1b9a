"""What would fail in every run is told once, before the first.

    permissions > misspelt kinds > manifests > the operator's Deployment > its module or command
    > pod programs

Nothing of the subject is imported here: each start of a subject must be its first.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder

from harness.apiserver.requests import Object
from harness.clusters.offers import DEPLOYMENT
from harness.errors import FormatError, UsageError
from harness.scenario.check import FormatErrors
from harness.scenario.loader import Case, read_manifests
from harness.scenario.plan import Plan
from harness.scenario.settings import Settings
from harness.subjects.command import search_path
from harness.subjects.spec import SubjectSpec

from .kinds import misspelt_kinds
from .operators import operators
from .programs import programs
from .single import Options


def check_plans(plans: Sequence[Plan], options: Options) -> None:
    """Check all that can be known to fail.

    Raises:
        FormatErrors: A scenario needs what the options do not permit, or names a kind wrongly; all
            such places.
        UsageError: The operator or what it stands on is not there.
    """
    refused = {str(error): error for plan in plans for error in _refusals(plan, options)}
    if refused:
        raise FormatErrors(list(refused.values()))
    checked: list[Settings] = []
    for plan in plans:
        if plan.settings not in checked:
            _check_settings(plan.settings, in_cluster=plan.operator == DEPLOYMENT)
            checked.append(plan.settings)


def _refusals(plan: Plan, options: Options) -> Iterator[FormatError]:
    """What the scenario would run and is not to, and kinds that are nobody's."""
    yield from misspelt_kinds(plan.case, _manifests(plan.settings))
    for path, what, needs_real_time in _foreign_code(plan.case):
        if not options.allow_custom:
            message = f"{what}; --allow-custom permits that, if you trust this file"
            yield plan.case.tree.error(message, path)
        elif needs_real_time and not plan.in_real_time:
            message = f"{what} in real time, but a kopf module runs on virtual time; "
            remedy = "use a custom fault, or run the operator as a command (--subject)"
            yield plan.case.tree.error(message + remedy, path)


def _foreign_code(case: Case) -> Iterator[tuple[tuple[str | int, ...], str, bool]]:
    """Where a scenario runs code of its own, what, and whether it needs real time."""
    for number, step in enumerate(case.scenario.spec.steps):
        for index, action in enumerate(step.do):
            if action.script is not None:
                path = ("spec", "steps", number, "do", index, "script")
                yield path, f"this script runs {action.script.command[0]!r}", True
        for index, entry in enumerate(step.faults):
            if entry.type == "custom":
                path = ("spec", "steps", number, "faults", index, "custom")
                yield path, f"fault {entry.name!r} runs Python code", False


def _manifests(settings: Settings) -> list[Object]:
    return [document for path in settings.manifest_paths for document in read_manifests(path)]


def _check_settings(settings: Settings, *, in_cluster: bool) -> None:
    for spec in operators(settings, _manifests(settings), in_cluster=in_cluster):
        for module in spec.modules:
            _check_module(module)
        if spec.command:
            _check_command(spec)
    programs(settings.programs)


def _check_module(name: str) -> None:
    if _is_installed(name):
        return
    top = name.partition(".")[0]
    missing = name if top == name or _is_installed(top) else top
    raise UsageError(
        f"the operator {name!r} cannot be imported: there is no module {missing!r}; write it as "
        f"`kopf run -m` takes it, and install it into this environment (pip install -e .) or "
        f"name its folder in PYTHONPATH"
    )


def _is_installed(name: str) -> bool:
    """Whether there is such a module; looked for without importing the packages above it."""
    top, *below = name.split(".")
    found: ModuleSpec | None = importlib.util.find_spec(top)
    for part in below:
        if found is None or found.submodule_search_locations is None:
            return False
        # By its last part alone: a namespace package asks for its parent's module otherwise.
        found = PathFinder.find_spec(part, list(found.submodule_search_locations))
    return found is not None


def _check_command(spec: SubjectSpec) -> None:
    program = spec.command[0]
    if shutil.which(program, path=search_path()) is None:
        raise UsageError(
            f"the operator's command {program!r} is not found on the PATH; name a program as a "
            f"shell would find it, or a kopf module such as my_operator.handlers"
        )
