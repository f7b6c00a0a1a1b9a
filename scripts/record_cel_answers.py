#!/usr/bin/env python3
"""Ask a real kube-apiserver what each expression of the CEL golden cases means.

An expression about nothing becomes a validation of a ValidatingAdmissionPolicy that always fails
and only warns: the warnings hold type and value, or the error of the evaluation. An expression
about a document becomes a rule of a CustomResourceDefinition with the case's schema. Mistakes of
the text come back when policy or definition are created. Run it again for another version:

    scripts/record_cel_answers.py --server https://127.0.0.1:16443 --token some-token
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML

GOLDEN = Path(__file__).parent.parent / "tests/unit/cel/golden"
GROUP, PLURAL, KIND = "cel-golden.example.com", "probes", "Probe"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
NAMESPACE = "default"
# Warnings of one answer are cut off beyond 4096 characters.
BATCH = 8

Case = dict[str, Any]


class Server:
    """A few requests to an API server whose certificate nobody knows."""

    def __init__(self, url: str, token: str) -> None:
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._address = urlsplit(url)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def request(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The JSON answer, whatever its status."""
        return self.request_with_warnings(method, path, body)[0]

    def request_with_warnings(
        self, method: str, path: str, body: Any = None
    ) -> tuple[dict[str, Any], list[str]]:
        """The JSON answer and its Warning headers."""
        connection = http.client.HTTPSConnection(
            self._address.hostname or "", self._address.port, context=self._context
        )
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, self._headers)
        answer = connection.getresponse()
        headers = answer.headers.get_all("Warning") or []
        body = json.loads(answer.read())
        connection.close()
        warnings = [header.partition(" - ")[2][1:-1] for header in headers]
        return body, [_decoded(warning) for warning in warnings]

    @contextmanager
    def existing(self, collection: str, body: dict[str, Any]) -> Iterator[str]:
        """An object for the time of a block; its path."""
        created = self.request("POST", collection, body)
        if created["kind"] == "Status":
            raise SystemExit(created["message"][:2000])
        path = f"{collection}/{body['metadata']['name']}"
        try:
            yield path
        finally:
            self.request("DELETE", path)


def _decoded(warning: str) -> str:
    # Headers are Latin-1 to http.client, UTF-8 to the server; quotes are escaped.
    text = warning.encode("latin-1").decode()
    return re.sub(r"\\(.)", r"\1", text)


def read_cases() -> list[Case]:
    """All cases, each with its topic; plain strings become mappings."""
    topics = YAML(typ="safe").load(GOLDEN / "cases.yaml")
    cases: list[Case] = []
    for topic, entries in topics.items():
        for entry in entries:
            if not isinstance(entry, dict | str):
                raise SystemExit(f"{topic}: {entry!r} is no text: write it in quotes")
            written = {"cel": entry} if isinstance(entry, str) else entry
            cases.append({"topic": topic, **written})
    return cases


# The expression stands on a line of its own, so that columns of mistakes stay right. The number
# tells which case an answer is about, and keeps the server from merging equal warnings.
def _always_false(text: str, number: int) -> str:
    # Newlines would keep an error out of a Warning header.
    return f"size([{text}]) < -{number}" if "//" not in text else f"size([{text}\n]) < -{number}"


def _type_message(text: str, number: int) -> str:
    return f"'{number} TYPE %s'.format([type(\n{text}\n)])"


def _value_message(text: str, number: int) -> str:
    return f"'{number} VALUE %s'.format([[dyn(\n{text}\n)]])"


def _mistake(message: str) -> str:
    """What is wrong with the text, without what the server says around it."""
    found = re.search(
        r"(compilation failed: |(?=program instantiation failed: ))(.*)", message, re.S
    )
    return found[2] if found else message


def _mistake_in_rule(message: str) -> str:
    """The same, about the expression within its rule."""
    text = _mistake(message).replace(" | size([\n", "")
    return re.sub(r"<input>:(\d+):", lambda match: f"<input>:{int(match[1]) - 1}:", text)


def _policy(name: str, cases: list[Case]) -> dict[str, Any]:
    validations = [
        {
            "expression": _always_false(case["cel"], number),
            "message": "NONE",
            "messageExpression": message(case["cel"], number),
        }
        for number, case in enumerate(cases)
        for message in (_type_message, _value_message)
    ]
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
        "resourceNames": [name],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {"matchConstraints": {"resourceRules": [rule]}, "validations": validations},
    }


def _binding(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Warn"]},
    }


def ask_policies(server: Server, cases: list[Case]) -> None:
    """Answer the cases about nothing, a batch of them by each policy."""
    right = [case for case in cases if not _refused_by_policy(server, case)]
    for start in range(0, len(right), BATCH):
        batch = right[start : start + BATCH]
        name = f"cel-golden-{start // BATCH}"
        with (
            server.existing(f"{ADMISSION}/validatingadmissionpolicies", _policy(name, batch)),
            server.existing(f"{ADMISSION}/validatingadmissionpolicybindings", _binding(name)),
        ):
            warnings = _warnings(server, name)
        for number, case in enumerate(batch):
            case["answer"] = _outcome(number, warnings)


def _refused_by_policy(server: Server, case: Case) -> bool:
    path = f"{ADMISSION}/validatingadmissionpolicies?dryRun=All"
    policy = _policy("cel-golden", [])
    policy["spec"]["validations"] = [{"expression": "true"}]
    policy["spec"]["variables"] = [{"name": "probe", "expression": case["cel"]}]
    answer = server.request("POST", path, policy)
    for cause in answer.get("details", {}).get("causes", []):
        case["answer"] = {"mistake": _mistake(cause["message"])}
        return True
    return False


def _warnings(server: Server, name: str) -> list[str]:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps?dryRun=All"
    # A policy is enforced, as a whole, a moment after it is created.
    for _ in range(100):
        time.sleep(0.1)
        _, warnings = server.request_with_warnings("POST", path, config_map)
        if warnings:
            return [warning.partition(f"with binding '{name}': ")[2] for warning in warnings]
    raise SystemExit(f"{name} was never enforced")


def _outcome(number: int, texts: list[str]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for text in texts:
        error = re.search(rf"< -{number}' resulted in error: (.*)", text, re.DOTALL)
        found = re.match(rf"{number} (TYPE|VALUE) (.*)", text, re.DOTALL)
        if error:
            return {"error": error[1]}
        if found:
            answer[found[1].lower()] = found[2]
    return answer


def definition(schema: dict[str, Any]) -> dict[str, Any]:
    """A CustomResourceDefinition whose objects have a `spec` of this schema."""
    root = {"type": "object", "properties": {"spec": schema}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": root},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Cluster",
            "names": {"plural": PLURAL, "kind": KIND},
            "versions": [version],
        },
    }


def _with_rules(case: Case) -> dict[str, Any]:
    rule = f"size([\n{case['cel']}\n]) < 0"
    rules = [
        {"rule": rule, "message": "NONE", "messageExpression": message(case["cel"], 0)}
        for message in (_type_message, _value_message)
    ]
    return {**case["schema"], "x-kubernetes-validations": rules}


def ask_definitions(server: Server, cases: list[Case]) -> None:
    """Answer the cases about a document, all by one definition with a field for each."""
    right: dict[str, Case] = {}
    for index, case in enumerate(cases):
        answer = server.request("POST", f"{CRDS}?dryRun=All", definition(_with_rules(case)))
        causes = answer.get("details", {}).get("causes", [])
        mistakes = [c["message"] for c in causes if c["field"].endswith("[0].rule")]
        if mistakes:
            case["answer"] = {"mistake": _mistake_in_rule(mistakes[0])}
        elif answer["kind"] == "Status":
            case["answer"] = {"unexpected": answer["message"][:500]}
        else:
            right[f"c{index:03d}"] = case
    messages = _refusals(server, right) if right else {}
    for name, case in right.items():
        case["answer"] = _rule_outcome(messages[name])


def _refusals(server: Server, cases: dict[str, Case]) -> dict[str, list[str]]:
    fields = {name: _with_rules(case) for name, case in cases.items()}
    probe = {
        "apiVersion": f"{GROUP}/v1",
        "kind": KIND,
        "metadata": {"name": "probe"},
        "spec": {name: case["self"] for name, case in cases.items()},
    }
    answer: dict[str, Any] = {}
    with server.existing(CRDS, definition({"type": "object", "properties": fields})):
        # A definition is served a moment after it is created.
        for _ in range(20):
            time.sleep(1)
            answer = server.request("POST", f"/apis/{GROUP}/v1/{PLURAL}?dryRun=All", probe)
            if "causes" in answer.get("details", {}):
                break
        else:
            raise SystemExit(f"no answer about documents: {answer['message'][:1000]}")
    messages: dict[str, list[str]] = {name: [] for name in cases}
    for cause in answer["details"]["causes"]:
        match = re.match(r"spec\.(c\d+)", cause["field"])
        messages[match[1] if match else ""].append(cause["message"])
    return messages


def _rule_outcome(messages: list[str]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for message in messages:
        found = re.search(r": 0 (TYPE|VALUE) (.*)", message, re.DOTALL)
        error = re.search(r': (?:"[^"]*": |\S+: )?(.*) evaluating rule: NONE$', message, re.DOTALL)
        overload = re.search(r": '(no such overload.*?)': call arguments", message)
        if found:
            answer[found[1].lower()] = found[2]
        elif error or overload:
            answer["error"] = (error or overload or [""])[1]
    return answer


def main() -> None:
    """Record all cases into `answers.json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--server", default="https://127.0.0.1:16443")
    parser.add_argument("--token", default="some-token")
    parser.add_argument("--documents", action="store_true", help="only cases about documents")
    arguments = parser.parse_args()
    server = Server(arguments.server, arguments.token)
    cases = read_cases()
    if not arguments.documents:
        ask_policies(server, [case for case in cases if "schema" not in case])
    ask_definitions(server, [case for case in cases if "schema" in case])
    if arguments.documents:
        recorded = json.loads((GOLDEN / "answers.json").read_text())
        cases = [case for case in recorded if "schema" not in case] + [
            case for case in cases if "schema" in case
        ]
    text = json.dumps(cases, indent=1, ensure_ascii=False, sort_keys=True)
    (GOLDEN / "answers.json").write_text(text + "\n")
    print(f"{len(cases)} answers recorded")


if __name__ == "__main__":
    main()
