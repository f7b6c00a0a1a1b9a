"""Write the parts of the documentation that say what the code says (`make docs`).

A whole page, or the text between two markers of a page that is otherwise written by hand:

    <!-- generated: NAME -->
    ...
    <!-- end of generated -->

`tests/docs/test_generated.py` fails when what is in the repository is not what this writes.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from harness.faults.fault import Fault  # noqa: E402
from harness.faults.matching import RequestFault  # noqa: E402
from harness.faults.nodes import NodeFault  # noqa: E402
from harness.faults.process import ProcessFault  # noqa: E402
from harness.faults.registry import BUILT_IN  # noqa: E402
from harness.faults.targets import TargetedFault  # noqa: E402
from harness.oracle import claims, count, quiet  # noqa: E402
from harness.scenario import actions, model, settings, timing  # noqa: E402
from harness.scenario.loader import Case, load_cases  # noqa: E402
from harness.vocabulary import Select  # noqa: E402
from scripts.model_tables import first_paragraph, table, whole_docstring  # noqa: E402

NOTICE = "<!-- written by scripts/generate_docs.py; change the code and run `make docs` -->\n"
_PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end of generated -->)", re.DOTALL)
_DOCUMENTED_FAMILIES = {
    "object": "Objects",
    "spec": "What a user asks for",
    "process": "The operator's process",
    "api": "The way of a request",
    "watch": "Watches",
    "node": "Nodes",
    "custom": "Your own",
}
_COMMON = {
    "object": ("a target", TargetedFault),
    "spec": ("a target, as faults of objects", TargetedFault),
    "process": ("a subject", ProcessFault),
    "api": ("the requests they mean", RequestFault),
    "watch": ("the watches they mean", RequestFault),
    "node": ("a node", NodeFault),
}
#: It elects no leader, has no webhook, function or program to call, and does not grow when deleted.
_NOT_FOR_AISERVICE = frozenset(
    {"leaderSteal", "webhookDown", "custom", "command", "deleteNamespace", "deleteDuringCreate"}
)
_FORMAT = (
    model.Scenario, model.Metadata, model.Spec, model.Timeouts, model.BlastRadius, model.Step,
    model.Expect, quiet.Quiet, quiet.RequestBounds, model.Invariant,
)  # fmt: skip
_ACTIONS = (
    actions.Apply, actions.Patch, actions.Delete, actions.Scale, actions.Wait, actions.Script,
)  # fmt: skip


def generated() -> dict[Path, str]:
    """Every file that is generated, or holds generated parts, and what it must contain."""
    docs = ROOT / "docs" / "reference"
    wanted = {
        ROOT / "scenarios" / "README.md": catalogue(),
        docs / "scenario.schema.json": json.dumps(model.json_schema(), indent=2) + "\n",
    }
    for page in sorted((ROOT / "docs").glob("**/*.md")):
        text = page.read_text()
        if _PART.search(text):
            wanted[page] = _PART.sub(_part, text)
    return wanted


def _part(match: re.Match[str]) -> str:
    begin, name, end = match.groups()
    return f"{begin}{PARTS[name]()}{end}"


def catalogue() -> str:
    """`scenarios/README.md`: what each scenario proves, and what it breaks."""
    cases = load_cases([ROOT / "scenarios"])
    lines = [
        NOTICE,
        "# Scenarios of the AIService operator",
        "",
        "Each file runs on its own: `harness run scenarios/children/children-deleted.yaml`.",
        "",
        "| scenario | what it proves | cases | faults |",
        "|---|---|---|---|",
    ]
    by_file: dict[str, list[Case]] = {}
    for case in cases:
        by_file.setdefault(case.file, []).append(case)
    return "\n".join([*lines, *(_row(file, by_file[file]) for file in sorted(by_file)), ""])


def _row(file: str, cases: list[Case]) -> str:
    spec = cases[0].scenario.spec
    path = Path(file).resolve().relative_to(ROOT / "scenarios")
    faults = dict.fromkeys(fault.type for step in spec.steps for fault in step.faults)
    matrix = ", ".join(f"{name} {len(values)}" for name, values in spec.matrix.items())
    number = f"{len(cases)} ({matrix})" if matrix else str(len(cases))
    description = " ".join(spec.description.split())
    return f"| [{path.with_suffix('')}]({path}) | {description} | {number} | {', '.join(faults)} |"


def faults() -> str:
    """Each fault by family: what it does, where it acts, its keys, a scenario that uses it."""
    used = _users()
    lines = []
    for family, heading in _DOCUMENTED_FAMILIES.items():
        lines += [f"## {heading}", ""]
        if family in _COMMON:
            words, common = _COMMON[family]
            lines += [f"All of them have {words}:", "", *table(common)]
        for fault in BUILT_IN:
            if fault.family == family:
                lines += [f"### {fault.type}", "", whole_docstring(fault), ""]
                lines += [f"```yaml {_how_shown(fault)}", *fault.example.splitlines(), "```", ""]
                lines += [f"Acts on: {_points(fault)}.{used.get(fault.type, '')}", ""]
                lines += table(fault, without=_common_keys(fault))
    return "\n".join([*lines, ""])


def _how_shown(fault: type[Fault]) -> str:
    """Whether the AIService operator is put to the test with the example (tests/docs)."""
    return "faults" if fault.type in _NOT_FOR_AISERVICE else "faults passes"


def _points(fault: type[Fault]) -> str:
    return ", ".join(f"`{point}`" for point in sorted(fault.points))


def _common_keys(fault: type[Fault]) -> list[str]:
    """What is in the table of the whole family, unless this fault means it otherwise."""
    if fault.family not in _COMMON:
        return []
    own = vars(fault).get("__annotations__", {})
    common = _COMMON[fault.family][1].model_fields
    return [field.alias or name for name, field in common.items() if name not in own]


def _users() -> dict[str, str]:
    users: dict[str, str] = {}
    for case in load_cases([ROOT / "scenarios"]):
        path = Path(case.file).resolve().relative_to(ROOT)
        for step in case.scenario.spec.steps:
            for fault in step.faults:
                link = f" Used in [{path.stem}](../../{path})."
                users.setdefault(fault.type, link)
    return users


def _models(*models: type[model.StrictModel], level: str = "###") -> Callable[[], str]:
    def text() -> str:
        lines = []
        for one in models:
            lines += [f"{level} {one.__name__}", "", first_paragraph(one), "", *table(one)]
        return "\n".join([*lines, ""])

    return text


def project_settings() -> str:
    """`[tool.operator-harness]`; `root` is found, not written."""
    lines = ["### [tool.operator-harness]", "", *table(settings.Settings, without=["root"])]
    lines += ["### [tool.operator-harness.subject]", "", first_paragraph(settings.SubjectSettings)]
    return "\n".join([*lines, "", *table(settings.SubjectSettings), ""])


def fault_timing() -> str:
    """The keys that every fault has beside its own."""
    return _models(timing.FaultTiming, timing.When, timing.RequestMatch)()


def command_line() -> str:
    """Every subcommand with its arguments and options, as `--help` says it."""
    from harness.cli import cli

    lines = []
    for name, command in cli.commands.items():
        context = click.Context(command, info_name=f"harness {name}", max_content_width=100)
        context.terminal_width = 100
        lines += [f"## harness {name}", "", "```text", command.get_help(context), "```", ""]
    return "\n".join([*lines, ""])


def public_names() -> str:
    """What `import harness` offers, and the first line of what each says of itself."""
    import harness

    rows = [f"| `{name}` | {first_paragraph(getattr(harness, name))} |" for name in harness.__all__]
    return "\n".join(["| name | what it is |", "|---|---|", *rows, ""])


def cluster_methods() -> str:
    """The methods of the fixture `cluster`."""
    from harness.library.cluster import Cluster

    def lines() -> Iterator[str]:
        for name, value in vars(Cluster).items():
            function = value.fget if isinstance(value, property) else value
            if name.startswith("_") or not inspect.isfunction(function):
                continue
            signature = "" if isinstance(value, property) else str(inspect.signature(function))
            unquoted = re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)
            shown = unquoted.replace("(self, ", "(").replace("(self)", "()")
            yield from (f"### {name}", "", f"```python\n{name}{shown}\n```", "")
            yield from (f"```text\n{inspect.getdoc(function)}\n```", "")

    return "\n".join([*lines(), ""])


def _differences(module: str) -> Callable[[], str]:
    """The known differences that the docstring of a package lists."""

    def text() -> str:
        story = inspect.getdoc(importlib.import_module(module)) or ""
        listed = story.partition("Known differences")[2].partition("\n\n")[2]
        return f"{listed.strip()}\n\n"

    return text


PARTS: dict[str, Callable[[], str]] = {
    "format": _models(*_FORMAT),
    "actions": _models(*_ACTIONS),
    "selection": _models(Select),
    "settings": project_settings,
    "timing": fault_timing,
    "faults": faults,
    "claims": _models(claims.Claim, count.Count),
    "command-line": command_line,
    "public-names": public_names,
    "cluster": cluster_methods,
    "differences-of-controllers": _differences("harness.controllers"),
    "differences-of-apiserver": _differences("harness.apiserver"),
}


def main() -> None:
    """Write what differs, and say so."""
    for file, text in generated().items():
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
            print(f"written: {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
