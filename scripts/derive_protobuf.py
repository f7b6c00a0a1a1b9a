"""Derive the field numbers of built-in kinds from the `generated.proto` files of Kubernetes.

    python scripts/derive_protobuf.py ~/go/pkg/mod/k8s.io VERSION \
        > harness/apiserver/data/protobuf-v1.37.json

The result maps the full name of a message to its fields: `number: "name type"`, where the type is a
scalar, a message's full name, `[TYPE]` for a list or `{TYPE}` for a map from strings. A leading `^`
marks a message whose fields stand in the JSON of its owner (inlined in Go): the schemas in the
facts do not know its name. Only what the served kinds and reviews reach is kept.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FACTS = Path("harness/apiserver/schema/data/v1.37.json")
MODULES = ("api", "apimachinery", "apiextensions-apiserver")
ROOTS = (
    "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    "io.k8s.api.autoscaling.v1.Scale",
    "io.k8s.api.core.v1.Binding",
    "io.k8s.api.policy.v1.Eviction",
    "io.k8s.api.authentication.v1.TokenRequest",
    "io.k8s.api.authentication.v1.TokenReview",
    "io.k8s.api.authentication.v1.SelfSubjectReview",
    "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
    "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
    "io.k8s.api.authorization.v1.SubjectAccessReview",
    "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
)
FIELD = re.compile(
    r"^\s*(?:(?P<label>optional|repeated) )?(?P<type>map<string, *[\w.]+>|\.?[\w.]+) "
    r"(?P<name>\w+) = (?P<number>\d+)"
)
SCALARS = {"string", "bytes", "bool", "int32", "int64", "uint32", "uint64", "double", "float"}

Messages = dict[str, dict[str, tuple[str, str, str]]]  # number: label, type, name


def schema_name(package: str, name: str) -> str:
    """`k8s.io.api.core.v1` and `Pod` as the schemas spell it."""
    return "io." + package.removeprefix("k8s.io.").join(("k8s.", f".{name}"))


def read(file: Path, messages: Messages) -> None:
    """Add the messages of one file."""
    package, current = "", ""
    for line in file.read_text().splitlines():
        if line.startswith("package "):
            package = line.split()[1].rstrip(";")
        elif line.startswith("message "):
            current = schema_name(package, line.split()[1])
            messages[current] = {}
        elif line.startswith("}"):
            current = ""
        elif current and (found := FIELD.match(line)):
            kind = found["type"]
            label = "map" if kind.startswith("map<") else found["label"] or ""
            kind = kind.removeprefix("map<string,").strip().rstrip(">").lstrip(".")
            if kind not in SCALARS:
                kind = schema_name(*split(package, kind))
            messages[current][found["number"]] = (label, kind, found["name"])


def split(package: str, kind: str) -> tuple[str, str]:
    """Package and name of a type that a file of `package` mentions."""
    before, _, name = kind.rpartition(".")
    return before or package, name


def reachable(messages: Messages, roots: list[str]) -> Iterator[str]:
    """Names of all messages that the roots lead to."""
    seen, waiting = set(), list(roots)
    while waiting:
        name = waiting.pop()
        if name in seen or name not in messages:
            continue
        seen.add(name)
        yield name
        waiting += [kind for _, kind, _ in messages[name].values()]


def written(owner: str, field: tuple[str, str, str], schemas: dict[str, Any]) -> str:
    """One field as the data file has it."""
    label, kind, name = field
    known = schemas.get(owner, {}).get("properties")
    unknown = known is not None and name not in known
    inlined = unknown and kind not in SCALARS and label == "optional"
    shape = {"map": f"{{{kind}}}", "repeated": f"[{kind}]"}.get(label, kind)
    return f"{name} ^{shape}" if inlined else f"{name} {shape}"


def main(folder: str, version: str) -> None:
    """Print the table, one message a line."""
    messages: Messages = {}
    for module in MODULES:
        for file in sorted(Path(folder, f"{module}@{version}").rglob("generated.proto")):
            read(file, messages)
    facts = json.loads(FACTS.read_text())
    roots = [row["schema"] for row in facts["resources"]] + list(ROOTS)
    lines = []
    for name in sorted(reachable(messages, roots)):
        fields = {n: written(name, f, facts["schemas"]) for n, f in messages[name].items()}
        lines.append(f'"{name}":{json.dumps(fields, separators=(",", ":"))}')
    print("{" + ",\n".join(lines) + "}")


if __name__ == "__main__":
    main(*sys.argv[1:])
