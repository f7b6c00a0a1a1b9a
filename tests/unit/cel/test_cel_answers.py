"""The engine answers as a real kube-apiserver did, expression by expression.

`golden/answers.json` holds what the server said; `scripts/record_cel_answers.py` writes it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.apiserver.cel import CelCompileError, CelEvaluationError, compile_expression
from harness.apiserver.cel.libraries.string_format import format_string
from harness.apiserver.cel.values import type_name
from harness.apiserver.schema.node import Node

Case = dict[str, Any]

CASES: list[Case] = json.loads((Path(__file__).parent / "golden/answers.json").read_text())

# The generated parser of the server goes on after these mistakes and finds more of them, or words
# the one at the end of the text in its own way; ours stops at the first.
OTHER_WORDS = ("in", "in in in", "!", "-")


def _parameters() -> list[Any]:
    parameters = []
    for number, case in enumerate(CASES):
        marks = [pytest.mark.xfail(reason="other words")] if case["cel"] in OTHER_WORDS else []
        name = f"{case['topic']}-{number}: {case['cel']}"
        parameters.append(pytest.param(case, id=name, marks=marks))
    return parameters


def _answer(case: Case) -> dict[str, str]:
    variables = {"self": Node(case["schema"])} if "schema" in case else {}
    try:
        program = compile_expression(case["cel"], variables)
    except CelCompileError as error:
        return {"mistake": str(error)}
    try:
        value = program.evaluate({"self": case.get("self")})
    except CelEvaluationError as error:
        return {"error": str(error)}
    answer = {"type": type_name(value)}
    try:
        answer["value"] = format_string("%s", [[value]])
    except CelEvaluationError:
        # The server can print as little of such a value.
        pass
    return answer


def _without_random_names(answer: dict[str, str]) -> dict[str, str]:
    return {key: re.sub(r"selfType\d+", "selfType", text) for key, text in answer.items()}


@pytest.mark.parametrize("case", _parameters())
def test_the_answer_is_that_of_the_real_server(case: Case) -> None:
    assert _answer(case) == _without_random_names(case["answer"])


def test_every_case_has_an_answer() -> None:
    assert [case["cel"] for case in CASES if not case["answer"]] == []
