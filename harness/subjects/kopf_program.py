"""`kopf run`, as the main coroutine of a simulated process.

Arguments are parsed by kopf's own command, handlers are loaded by kopf's own loader, and the
operator is `kopf.operator`, which sets up signal handlers, probes and the rest. So a subject
behaves as under `kopf run`, only that the loop and the log are given.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import pkgutil
import site
import sys
import sysconfig
from collections.abc import Sequence
from typing import Any

from harness.errors import UsageError
from harness.simulation.process_globals import Attribute, ProcessGlobals

from .spec import SubjectSpec

_WHERE_OPTIONS = ("-A", "--all-namespaces", "-n", "--namespace")

#: What may lie beside a subject without being part of it.
_NOT_THE_SUBJECTS = frozenset({"harness", "conftest", "tests", "setup"})
#: State that libraries keep at module level, and what a new process finds there.
_LIBRARY_STATE = (
    Attribute("kopf._core.intents.registries", "_default_registry", None),
    Attribute("kubernetes.client.configuration", "Configuration._default", None),
    Attribute("kubernetes.aio.client.configuration", "Configuration._default", None),
    Attribute("kubernetes_asyncio.client.configuration", "Configuration._default", None),
)
#: Libraries that are nothing but state.
_STATEFUL_LIBRARIES = ("prometheus_client",)


def prepare_libraries() -> None:
    """Import what all subjects share, once and outside of any simulated process.

    What libraries set up when they are imported (log handlers, say) must be there for every
    process, not only for the first.
    """
    for name in ("aiohttp", "kopf", "kopf.cli"):
        importlib.import_module(name)
    for name in ("kubernetes.client", "kubernetes.config"):
        if importlib.util.find_spec(name.partition(".")[0]) is not None:
            importlib.import_module(name)


def arguments(spec: SubjectSpec) -> list[str]:
    """The command line of `kopf run` for a subject."""
    line: list[str] = []
    for module in spec.modules:
        line += ["--module", module]
    if not any(word.partition("=")[0] in _WHERE_OPTIONS for word in spec.args):
        line += [f"--namespace={name}" for name in spec.namespaces] or ["--all-namespaces"]
    if spec.standalone and not spec.peering:
        line.append("--standalone")
    if spec.peering:
        line.append(f"--peering={spec.peering}")
    if spec.priority is not None:
        line.append(f"--priority={spec.priority}")
    if spec.liveness:
        line.append(f"--liveness={spec.liveness}")
    return [*line, *spec.args]


async def main(line: Sequence[str]) -> None:
    """Run the operator until it ends."""
    import kopf
    from kopf import cli
    from kopf._cogs.helpers import loaders

    options: dict[str, Any] = cli.run.make_context("run", list(line)).params
    loaders.preload(paths=options["paths"], modules=options["modules"])
    _check_handlers(tuple(options["modules"]))
    await kopf.operator(
        standalone=options["standalone"],
        namespaces=options["namespaces"],
        clusterwide=options["clusterwide"],
        priority=666 if options["dev"] else options["priority"],
        peering_name=options["peering_name"],
        liveness_endpoint=options["liveness_endpoint"],
    )


#: Modules whose start has registered handlers, in the life of this real process.
_WITH_HANDLERS: set[tuple[str, ...]] = set()


def _check_handlers(modules: tuple[str, ...]) -> None:
    """Refuse a start without handlers, where an earlier one had some.

    Handlers are registered by importing. Code of another package is not imported anew unless it is
    named in `fresh_modules`, and an operator without handlers would only look idle.
    """
    import kopf

    parts = vars(kopf.get_default_registry()).values()
    handlers = [handler for part in parts for handler in part.get_all_handlers()]
    if any(not handler.fn.__module__.startswith("kopf.") for handler in handlers):
        _WITH_HANDLERS.add(modules)
    elif modules in _WITH_HANDLERS:
        raise UsageError(
            f"{', '.join(modules)} registered handlers at its first start and none at this one: "
            "they are in a module of another package, which is not imported anew; name it with "
            "--fresh-module NAME, or in fresh_modules of the subject"
        )


def own_globals(spec: SubjectSpec) -> ProcessGlobals:
    """What the subject's process has for itself: its modules, and the state of libraries."""
    modules = {fresh_package(name) for name in spec.modules}
    modules |= {*spec.fresh_modules, *_STATEFUL_LIBRARIES, *local_packages()}
    return ProcessGlobals(sorted(modules), _LIBRARY_STATE)


def local_packages() -> list[str]:
    """Packages and modules of the project at hand: on `sys.path`, but not installed.

    A subject may be spread over several of them (a variant that imports the operator and changes
    it), and each may keep state.
    """
    installed = (sysconfig.get_path("stdlib"), *site.getsitepackages(), site.getusersitepackages())
    found: set[str] = set()
    for entry in sys.path:
        folder = os.path.abspath(entry)
        if not folder.startswith(installed) and os.path.isdir(folder):
            found |= _modules_in(folder, os.stat(folder).st_mtime_ns) - _NOT_THE_SUBJECTS
    return sorted(found)


@functools.cache
def _modules_in(folder: str, changed_ns: int) -> frozenset[str]:
    """The modules of a folder, looked up again when files came or went."""
    return frozenset(module.name for module in pkgutil.iter_modules([folder]))


def fresh_package(module: str) -> str:
    """The outermost package of a module that is more than a folder.

    `operator_x.handlers` is imported afresh with all of `operator_x`; a module in a namespace
    package, which may hold strangers, only by itself.
    """
    parts = module.split(".")
    for count in range(1, len(parts)):
        name = ".".join(parts[:count])
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            return name
    return module


def import_path_problem(module: str) -> str:
    """Why a module cannot be found, for people; empty when it can."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError as error:
        return f"{error}; looked in {sys.path}"
    return "" if found is not None else f"no module {module!r} in {sys.path}"
