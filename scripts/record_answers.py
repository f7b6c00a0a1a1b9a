"""Record what a real API server answers to the requests of golden files.

    python scripts/record_answers.py --server https://127.0.0.1:6443 --token TOKEN FILE...

A golden file holds `definitions` (CRDs that its requests need) and `cases`: an `id`, the `path` of
a collection and the `body` of a create; or, for an update, the `old` object, and the `change` of
it: a `place` and a `value`, none to remove it. Every case is sent with `dryRun=All`, and its
`answer` is written back: what unit tests compare ours with.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from pathlib import Path
from typing import Any

from derive_facts import Server

Json = dict[str, Any]
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#: Differs from one recording to the next.
VOLATILE = ("creationTimestamp", "managedFields", "resourceVersion", "uid", "generation")

#: Annotations that controllers add while the recording runs.
CONTROLLERS = ("deployment.kubernetes.io/revision", "node.alpha.kubernetes.io/ttl")


def define(server: Server, definition: Json) -> None:
    """Create a CRD anew and wait until it is served."""
    place = f"{DEFINITIONS}/{definition['metadata']['name']}"
    server.call("DELETE", place)
    while server.call("GET", place)["kind"] != "Status":
        time.sleep(0.1)
    answer = server.call("POST", DEFINITIONS, definition)
    if answer["kind"] == "Status":
        raise SystemExit(f"{definition['metadata']['name']}: {answer['message']}")
    while not is_established(server.call("GET", place)):
        time.sleep(0.1)
    time.sleep(0.5)  # Established comes a moment before the resource is served.


def is_established(definition: Json) -> bool:
    """Whether a CRD is served."""
    conditions = definition.get("status", {}).get("conditions") or []
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def ask(server: Server, case: Json) -> Json:
    """The answer to one case, without what differs every time."""
    if "old" not in case:
        return stable(server.call("POST", case["path"] + "?dryRun=All", case["body"]))
    place = f"{case['path']}/{case['old']['metadata']['name']}"
    server.call("DELETE", place + "?gracePeriodSeconds=0")
    while server.call("GET", place)["kind"] != "Status":
        time.sleep(0.1)
    created = server.call("POST", case["path"], case["old"])
    if created["kind"] == "Status":
        raise SystemExit(f"{case['id']}: {created['message']}")
    try:
        return stable(update(server, place, case["change"]))
    finally:
        server.call("DELETE", place + "?gracePeriodSeconds=0")


def update(server: Server, place: str, change: Json) -> Json:
    """Change the stored object; controllers may come in between, so try again."""
    for _ in range(10):
        live = server.call("GET", place)
        apply_change(live, change)
        answer = server.call("PUT", place + "?dryRun=All", live)
        if answer.get("code") != 409:
            break
    return answer


def apply_change(document: Json, change: Json) -> None:
    """Set or remove the value at a place, in place."""
    *parents, last = change["place"]
    target: Any = document
    for part in parents:
        target = target[part] if isinstance(target, list) else target.setdefault(part, {})
    if "value" in change:
        target[last] = change["value"]
    else:
        target.pop(last, None)


def stable(answer: Json) -> Json:
    """The same answer on every recording."""
    if answer["kind"] == "Status":
        kept = ("code", "reason", "message", "details")
        return {key: answer[key] for key in kept if key in answer}
    for field in VOLATILE:
        answer["metadata"].pop(field, None)
    for key in CONTROLLERS:
        answer["metadata"].get("annotations", {}).pop(key, None)
    if not answer["metadata"].get("annotations", {"": ""}):
        del answer["metadata"]["annotations"]
    text = re.sub(r"kube-api-access-\w{5}", "kube-api-access-xxxxx", json.dumps(answer))
    return dict(json.loads(text))


def main() -> None:
    """Ask for all cases of all files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True, help="https://HOST:PORT of a real API server")
    parser.add_argument("--token", required=True, help="bearer token of a cluster administrator")
    parser.add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    server = Server(arguments.server, arguments.token)
    for path in arguments.files:
        golden = json.loads(path.read_text())
        for definition in golden["definitions"]:
            define(server, definition)
        for case in golden["cases"]:
            case["answer"] = ask(server, case)
        for definition in golden["definitions"]:
            server.call("DELETE", f"{DEFINITIONS}/{definition['metadata']['name']}")
        write(path, golden)
        print(f"{path}: {len(golden['cases'])} answers")


def write(path: Path, golden: Json) -> None:
    """One definition or case a line."""

    def lines(rows: list[Json]) -> str:
        return ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)

    definitions, cases = lines(golden["definitions"]), lines(golden["cases"])
    path.write_text(f'{{"definitions": [\n{definitions}\n],\n"cases": [\n{cases}\n]}}\n')


if __name__ == "__main__":
    main()
