"""Webhooks as they are configured, and which writes they want to see.

Rules, selectors and match conditions are compiled once for each stored configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from ...cel import BOOL, CelError, CelMissingField, Program, compile_expression
from ...kinds.webhooks import VARIABLES
from ...label_selectors import label_selector
from ...requests import Object
from ...resource import Resource
from ...state import ServerState
from ...store import StorageKey

Phase = Literal["mutating", "validating"]
GROUP = "admissionregistration.k8s.io"
CONFIGURATIONS: Mapping[Phase, StorageKey] = {
    "mutating": (GROUP, "mutatingwebhookconfigurations"),
    "validating": (GROUP, "validatingwebhookconfigurations"),
}


class Hook:
    """One webhook of one configuration.

    Args:
        configuration: Name of the object that it stands in.
        raw: Its entry there.
    """

    def __init__(self, configuration: str, raw: Object) -> None:
        self.configuration = configuration
        self.raw = raw
        self.name: str = raw["name"]
        self.fails_closed: bool = raw.get("failurePolicy", "Fail") == "Fail"
        self.timeout_seconds: int = raw.get("timeoutSeconds") or 10
        self.is_reinvoked: bool = raw.get("reinvocationPolicy") == "IfNeeded"
        self.wants_equivalents: bool = raw.get("matchPolicy", "Equivalent") == "Equivalent"
        self.selects_object = label_selector(raw.get("objectSelector") or {})
        self.selects_namespace = label_selector(raw.get("namespaceSelector") or {})

    @cached_property
    def conditions(self) -> list[Program]:
        """The match conditions, in their order."""
        rows = self.raw.get("matchConditions") or ()
        variables = dict.fromkeys(VARIABLES)
        return [compile_expression(row["expression"], variables, result=BOOL) for row in rows]

    def has_rule(self, operation: str, resource: Resource, subresource: str) -> bool:
        """Whether a rule names such a write."""
        rules = self.raw.get("rules") or ()
        return any(_rule_matches(rule, operation, resource, subresource) for rule in rules)

    def meets_conditions(self, bindings: Mapping[str, Any]) -> bool:
        """Whether all match conditions hold; one that is false outweighs those that fail.

        Raises:
            ConditionError: One cannot be evaluated, and none is false.
        """
        failed: list[str] = []
        for program in self.conditions:
            try:
                if not program.evaluate(bindings):
                    return False
            except CelMissingField as error:
                failed.append(f"expression '{program.text}' resulted in error: {error}")
            except CelError as error:
                failed.append(f"expression '{program.text}' resulted in error: {error}")
        if failed:
            raise ConditionError(", ".join(failed))
        return True


class ConditionError(Exception):
    """A match condition cannot be evaluated for a write."""


def _rule_matches(rule: Object, operation: str, resource: Resource, subresource: str) -> bool:
    scope = rule.get("scope") or "*"
    return (
        _names(rule.get("operations"), operation)
        and _names(rule.get("apiGroups"), resource.group)
        and _names(rule.get("apiVersions"), resource.version)
        and (scope == "*" or (scope == "Namespaced") == resource.namespaced)
        and any(
            _resource_matches(pattern, resource.plural, subresource)
            for pattern in rule.get("resources") or ()
        )
    )


def _names(listed: list[str] | None, one: str) -> bool:
    return listed is not None and ("*" in listed or one in listed)


def _resource_matches(pattern: str, plural: str, subresource: str) -> bool:
    wanted, _, part = pattern.partition("/")
    return wanted in ("*", plural) and part in ("*", subresource)


class Hooks:
    """The configured webhooks, read anew when a configuration has changed.

    Args:
        state: Where configurations are stored.
    """

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._compiled: dict[tuple[StorageKey, str], tuple[int, list[Hook]]] = {}

    def of(self, phase: Phase) -> list[Hook]:
        """All webhooks of a phase, by the name of their configuration, then as they stand there."""
        kind = CONFIGURATIONS[phase]
        collection = self._state.store.collection(kind)
        if not len(collection):
            return []
        found: list[Hook] = []
        for key in collection.sorted_keys():
            version = collection.get(key)
            assert version is not None, "a sorted key names what exists"
            known = self._compiled.get((kind, key[1]))
            if known is None or known[0] != version.rv:
                rows = version.document.get("webhooks") or ()
                known = (version.rv, [Hook(key[1], row) for row in rows])
                self._compiled[kind, key[1]] = known
            found += known[1]
        return found
