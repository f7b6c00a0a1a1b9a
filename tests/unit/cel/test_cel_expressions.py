"""Expressions over plain documents, as scenarios use them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.apiserver.cel import (
    BOOL,
    STRING,
    CelBudgetExceeded,
    CelCompileError,
    CelEvaluationError,
    CelInstantiationError,
    CelMissingField,
    compile_expression,
)
from harness.apiserver.cel.static_types import optional_of
from harness.apiserver.cel.values import NONE, Optional
from harness.apiserver.schema.node import Node

SERVICE: dict[str, Any] = {
    "metadata": {"name": "demo", "generation": 3, "labels": {"app.kubernetes.io/name": "demo"}},
    "status": {
        "observedGeneration": 3,
        "conditions": [
            {"type": "Progressing", "status": "False"},
            {"type": "Ready", "status": "True"},
        ],
        "phase": None,
    },
}


def evaluate(text: str, **bindings: Any) -> Any:
    return compile_expression(text, dict.fromkeys(bindings)).evaluate(bindings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "service.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')",
            True,
            id="a condition is true",
        ),
        pytest.param(
            "service.status.observedGeneration == service.metadata.generation",
            True,
            id="the generation was observed",
        ),
        pytest.param(
            "service.metadata.labels['app.kubernetes.io/name']", "demo", id="a label by its key"
        ),
        pytest.param("service.?spec.?size.orValue(1)", 1, id="a default for what is not there"),
        pytest.param("has(service.spec)", False, id="absence can be asked for"),
        pytest.param("service.status.phase", None, id="null is a value without a schema"),
    ],
)
def test_an_expression_reads_a_document(text: str, expected: object) -> None:
    assert evaluate(text, service=SERVICE) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("service.status.readyReplicas > 0", "readyReplicas", id="a field"),
        pytest.param("service.metadata.annotations['a'] == 'b'", "annotations", id="a parent"),
        pytest.param("service.metadata.labels['other'] == 'b'", "other", id="a key"),
        pytest.param("service.status.conditions[2].type == 'x'", 2, id="an index"),
        pytest.param("service.status.phase.name == 'x'", "name", id="a field of null"),
    ],
)
def test_what_is_missing_is_told_apart_from_other_errors(text: str, name: object) -> None:
    with pytest.raises(CelMissingField) as caught:
        evaluate(text, service=SERVICE)
    assert caught.value.name == name


def test_a_variable_without_a_value_is_missing() -> None:
    program = compile_expression("workload.spec", {"workload": None})
    with pytest.raises(CelMissingField, match=r"^no such attribute\(s\): workload$"):
        program.evaluate({})


def test_other_errors_are_no_missing_fields() -> None:
    with pytest.raises(CelEvaluationError, match=r"^division by zero$") as caught:
        evaluate("1 / n", n=0)
    assert not isinstance(caught.value, CelMissingField)


def test_an_unknown_variable_is_found_when_compiling() -> None:
    with pytest.raises(CelCompileError) as caught:
        compile_expression("service.spec == wrokload.spec", {"service": None, "workload": None})
    assert str(caught.value) == (
        "ERROR: <input>:1:17: undeclared reference to 'wrokload' (in container '')\n"
        " | service.spec == wrokload.spec\n"
        " | ................^"
    )
    (issue,) = caught.value.issues
    assert (issue.line, issue.column) == (1, 17)


def test_the_wanted_type_is_checked_when_compiling() -> None:
    with pytest.raises(CelCompileError, match="expected type 'bool' but found 'int'"):
        compile_expression("1 + 1", {}, result=BOOL)


def test_an_expression_of_unknown_type_passes_as_any_type() -> None:
    assert compile_expression("x", {"x": None}, result=STRING).evaluate({"x": 1}) == 1


def test_a_program_names_the_variables_it_reads() -> None:
    variables = dict.fromkeys(("a", "b", "c"))
    assert compile_expression("c.x && [1].all(y, y > a)", variables).names == ("c", "a")


def test_a_program_can_be_evaluated_again_with_other_values() -> None:
    program = compile_expression("items.map(i, i * 2)", {"items": None})
    assert program.evaluate({"items": [1]}) == [2]
    assert program.evaluate({"items": [2, 3]}) == [4, 6]


def test_the_document_is_not_changed() -> None:
    document = {"items": [3, 1, 2], "time": "2020-01-01T00:00:00Z"}
    assert evaluate("d.items.sort()[0] + size(d.items + [4])", d=document) == 5
    assert document == {"items": [3, 1, 2], "time": "2020-01-01T00:00:00Z"}


def test_a_runaway_evaluation_stops() -> None:
    program = compile_expression("xs.all(a, xs.all(b, xs.all(c, true)))", {"xs": None})
    with pytest.raises(
        CelBudgetExceeded, match=r"^operation cancelled: actual cost limit exceeded"
    ):
        program.evaluate({"xs": list(range(100))}, steps=1000)


def test_a_constant_that_cannot_be_converted_is_found_when_compiling() -> None:
    with pytest.raises(CelInstantiationError) as caught:
        compile_expression("int('x')", {})
    assert caught.value.detail == (
        "program instantiation failed: type conversion error from 'string' to 'int'"
    )


def test_other_mistakes_say_that_compilation_failed() -> None:
    with pytest.raises(CelCompileError) as caught:
        compile_expression("x", {})
    assert caught.value.detail.startswith("compilation failed: ERROR: <input>:1:1: ")


def test_self_and_old_self_of_one_schema_have_one_type() -> None:
    node = Node({"type": "object", "properties": {"n": {"type": "integer"}}})
    program = compile_expression("self == oldSelf", {"self": node, "oldSelf": node})
    assert program.evaluate({"self": {"n": 1}, "oldSelf": {"n": 1}}) is True


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        pytest.param(NONE, True, id="absent"),
        pytest.param(Optional({"n": 1}), True, id="smaller"),
        pytest.param(Optional({"n": 3}), False, id="greater"),
    ],
)
def test_an_optional_old_value_can_be_asked_for(old: Optional, expected: bool) -> None:
    node = Node({"type": "object", "properties": {"n": {"type": "integer"}}})
    kind = compile_expression("self", {"self": node}).type
    text = "!oldSelf.hasValue() || oldSelf.value().n <= self.n"
    program = compile_expression(text, {"self": node, "oldSelf": optional_of(kind)})
    assert program.evaluate({"self": {"n": 2}, "oldSelf": old}) is expected


def test_deep_nesting_is_refused_not_crashed_into() -> None:
    with pytest.raises(CelCompileError, match="expression recursion limit exceeded"):
        compile_expression("(" * 1000 + "1" + ")" * 1000, {})


def test_a_recursive_schema_needs_no_special_care() -> None:
    raw = {"type": "object", "properties": {"child": {"$ref": "#/self"}, "n": {"type": "integer"}}}
    node = Node(raw, lambda _reference: raw)
    program = compile_expression("self.child.child.n == 1", {"self": node})
    assert program.evaluate({"self": {"child": {"child": {"n": 1}}}}) is True
