#!/usr/bin/env python3
"""Measure what a real kube-apiserver estimates rules to cost, for the CEL golden cases.

A server tells a cost only as the factor by which it exceeds the limit, with one decimal. So each
rule is put into a list whose `maxItems` is chosen such that the factor comes out near 20:

    scripts/record_cel_costs.py --server https://127.0.0.1:16443 --token some-token
"""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

from record_cel_answers import CRDS, GOLDEN, Server, definition

LIMIT = 10_000_000
_FACTOR = re.compile(r"estimated rule cost exceeds budget by factor of ([\d.]+|more than 100)x")


def measure(server: Server, schema: dict[str, Any], rule: str) -> dict[str, Any]:
    """The cost of one rule, and how far it may be off."""
    items = {**schema, "x-kubernetes-validations": [{"rule": rule}]}
    low, high = 1, 10**12
    while True:
        count = int((low * high) ** 0.5)
        listed = {"type": "array", "maxItems": count, "items": items}
        root = {"type": "object", "properties": {"list": listed}}
        answer = server.request("POST", f"{CRDS}?dryRun=All", definition(root))
        found = _FACTOR.search(answer.get("message", ""))
        factor = 0.0 if found is None else float(found[1].replace("more than 100", "1000"))
        if 5 < factor <= 100:
            return {"rule": rule, "cost": factor * LIMIT / count, "error": 0.06 * LIMIT / count}
        if high - low <= 1:
            raise SystemExit(f"no factor for {rule!r}: {answer.get('message', '')[:300]}")
        low, high = (low, count) if factor > 100 else (count, high)


def main() -> None:
    """Measure all rules into `costs.json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--server", default="https://127.0.0.1:16443")
    parser.add_argument("--token", default="some-token")
    arguments = parser.parse_args()
    server = Server(arguments.server, arguments.token)
    cases = json.loads((GOLDEN / "cost_cases.json").read_text())
    costs = [measure(server, cases["schema"], rule) for rule in cases["rules"]]
    text = json.dumps({"schema": cases["schema"], "costs": costs}, indent=1, ensure_ascii=False)
    (GOLDEN / "costs.json").write_text(text + "\n")
    print(f"{len(costs)} costs measured")


if __name__ == "__main__":
    main()
