"""From what a user names (files, lines, a project) to a target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.scenario.settings import Settings, with_subject

from ..fault_pool import DEFAULT_FAULTS, check_pool
from ..oracles import ALL
from ..subject_line import subject_of
from ..target import Target
from .formats import CampaignSpec, TargetSource
from .plan import CampaignPlan


def target_of(source: TargetSource, settings: Settings) -> Target:
    """The target that a source means.

    Args:
        source: With a CRD and a subject it stands alone; what it leaves out is the project's.
        settings: Of the project.

    Raises:
        UsageError: Neither says what to test.
    """
    if source.crd and source.subject:
        target = Target.of(source.crd, subject_of(source.subject), version=source.version)
    elif source.crd:
        named = Target.of_project(settings, kind=_kind_in(source.crd), version=source.version)
        target = replace(named, crd=Target.of(source.crd, "nothing").crd)
    else:
        if source.subject and _is_command_or_module(source.subject):
            settings = with_subject(settings, source.subject)
        target = Target.of_project(settings, kind=source.kind, version=source.version)
        if source.subject and not _is_command_or_module(source.subject):
            target = replace(target, subjects=(subject_of(source.subject),))
    return _started_as_told(target, source)


def _kind_in(crd: str) -> str:
    return str(Target.of(crd, "nothing").resource.kind)


def _is_command_or_module(line: str) -> bool:
    """Whether it is no `kopf run` line, so that the project's Deployment still says the rest."""
    return not subject_of(line).module or line.split() == [line]


def _started_as_told(target: Target, source: TargetSource) -> Target:
    """With the environment and the modules that the source adds."""
    if not source.env and not source.fresh_modules:
        return target
    subjects = tuple(
        replace(
            spec,
            env={**spec.env, **source.env},
            fresh_modules=tuple(dict.fromkeys((*spec.fresh_modules, *source.fresh_modules))),
        )
        for spec in target.subjects
    )
    return replace(target, subjects=subjects)


def source_document(source: TargetSource) -> dict[str, Any]:
    """A source as a file writes it, without what it does not say."""
    document: dict[str, Any] = source.model_dump(by_alias=True, exclude_defaults=True)
    return document


def plan_of(spec: CampaignSpec, settings: Settings) -> CampaignPlan:
    """The plan that a campaign file means, in a project."""
    faults = DEFAULT_FAULTS if spec.faults == "default" else spec.faults
    pool = {} if isinstance(faults, str) else dict(faults)
    check_pool(pool)
    return CampaignPlan(
        target=target_of(spec.target, settings),
        hints=spec.generator.hints or None,
        faults=pool,
        swarm=spec.swarm,
        oracles=tuple(spec.oracles) or tuple(ALL),
        seed=spec.seed,
        operations_max=spec.generator.operations_max,
        max_examples=spec.budget.examples,
        max_seconds=spec.budget.time,
        shrink_trials=spec.budget.shrink_trials,
        source=source_document(spec.target),
    )
