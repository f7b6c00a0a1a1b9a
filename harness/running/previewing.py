"""What a project's stack would make on a kind cluster, before there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.scenario.plan import KIND, Plan

from .place import Place


def stack_preview(plans: Sequence[Plan], place: Place) -> Iterator[str]:
    """One line for each change, by a real `pulumi preview` that asks no cluster.

    Where the engine or its plugin is missing, one line says so: a plan needs no stack.

    Raises:
        InfrastructureError: The program failed.
    """
    if place.cluster != KIND or not plans:
        return
    program = plans[0].settings.stack_program
    if program is None:
        yield "no [tool.operator-harness.stack]: the manifests are applied"
        return
    from harness.clusters.stack import choose_plugin, missing_for_stack, preview

    named = str(place.pulumi_plugin or "")
    if missing := missing_for_stack(named):
        yield f"no preview of the stack: {missing}"
        return
    plugin = choose_plugin(named)
    yield f"pulumi preview of {program.folder} by {plugin.description}:"
    for change in preview(program, plugin=plugin):
        yield f"  {change}"
