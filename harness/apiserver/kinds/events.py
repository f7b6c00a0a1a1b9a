"""Event, twice: core/v1, in which it is stored, and events.k8s.io/v1, a view of the same objects.

The newer form has other names for the same fields. What it requires (who reports, what was done,
when) is required of a core Event as well as soon as that has an `eventTime`.
Source: Kubernetes `pkg/apis/core/validation/events.go`, `pkg/apis/events/v1/conversion.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..names import qualified_name
from ..requests import Object
from ..resource import Conversion
from ..schema.defaulting import apply_defaults
from ..schema.facts import node
from ..status import FieldError, invalid_value, required
from .checks import unchanged
from .common import BuiltinStrategy

CORE, NEW = "v1", "events.k8s.io/v1"
#: From the names of core/v1 to those of events.k8s.io/v1, where they differ.
_NEW_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_CORE_NAMES = {new: core for core, new in _NEW_NAMES.items()}
#: Written as empty text in core/v1 when there is none, and left out in events.k8s.io/v1.
_REPORTER = ("reportingController", "reportingInstance")
_TEXT_LENGTH_MAX = 128
_NOTE_LENGTH_MAX = 1024
_REFERENCE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_GO_NAMES = {
    "uid": "UID",
    "apiVersion": "APIVersion",
    "resourceVersion": "ResourceVersion",
    "fieldPath": "FieldPath",
}
#: What may not change once it is told, by the names that messages have for it.
_SETTLED = (
    ("involvedObject", "involvedObject"),
    ("reason", "reason"),
    ("message", "message"),
    ("source", "source"),
    ("firstTimestamp", "firstTimestamp"),
    ("lastTimestamp", "lastTimestamp"),
    ("count", "count"),
    ("type", "type"),
    ("eventTime", "eventTime"),
    ("action", "action"),
    ("related", "related"),
    ("reportingComponent", "reportingController"),
    ("reportingInstance", "reportingInstance"),
)


def to_core(document: Object) -> Object:
    """An Event of either form as core/v1, in which it is stored."""
    if document.get("apiVersion") == CORE:
        return document
    renamed = {_CORE_NAMES.get(name, name): value for name, value in document.items()}
    renamed["apiVersion"] = CORE
    apply_defaults(node(CORE, "Event"), renamed)
    return renamed


def to_new(document: Object) -> Object:
    """An Event of either form as events.k8s.io/v1; items of lists have no apiVersion."""
    if document.get("apiVersion") == NEW:
        return document
    renamed = {_NEW_NAMES.get(name, name): value for name, value in document.items()}
    if "apiVersion" in renamed:
        renamed["apiVersion"] = NEW
    for name in _REPORTER:
        if not renamed.get(name):
            renamed.pop(name, None)
    return renamed


EVENTS_CONVERSION = Conversion(("", "events"), CORE, to_core, to_new)


class EventStrategy(BuiltinStrategy):
    """Hooks of Event (core/v1)."""

    def check(self, document: Object) -> list[FieldError]:
        """It stands in the namespace of what it is about; a new one is complete."""
        return _told_errors(document, "reportingComponent")

    def selectable_fields(self, document: Object) -> Mapping[str, str]:
        """What the event is about, who tells it and why."""
        return {
            **_reference_fields(document, "involvedObject"),
            "reason": document.get("reason", ""),
            "reportingComponent": document.get("reportingComponent", ""),
            "source": _source(document),
            "type": document.get("type", ""),
        }


class NewEventStrategy(BuiltinStrategy):
    """Hooks of Event (events.k8s.io/v1)."""

    def validate_create(self, document: Object) -> list[FieldError]:
        """Nothing that is deprecated is set, and a time, a type and a reporter are."""
        event = to_core({**document, "apiVersion": NEW})
        errors = _told_errors(event, "reportingController") + _series_errors(event)
        if not event.get("eventTime"):
            errors.append(required("eventTime"))
        if event.get("type") not in ("Normal", "Warning"):
            words = f"has invalid value: {event.get('type', '')}"
            errors.append(invalid_value("type", "", words))
        for name in ("firstTimestamp", "lastTimestamp", "count", "source"):
            if event.get(name):
                errors.append(invalid_value(name, "", "needs to be unset"))
        return errors

    def validate_update(self, new: Object, old: Object) -> list[FieldError]:
        """Nothing changes but the series and metadata."""
        event = to_core({**new, "apiVersion": NEW})
        before = to_core({**old, "apiVersion": NEW})
        errors = _told_errors(event, "reportingController")
        if event.get("series") != before.get("series"):
            errors += _series_errors(event)
        for name, shown in _SETTLED:
            was, now = before.get(name), event.get(name)
            errors += unchanged(_shown(name, now), _shown(name, was), shown)
        return errors

    def selectable_fields(self, document: Object) -> Mapping[str, str]:
        """The same as of core Events, of which `document` is one, under the new names."""
        return {
            **_reference_fields(document, "involvedObject", shown="regarding"),
            "reason": document.get("reason", ""),
            "reportingController": document.get("reportingComponent", ""),
            "type": document.get("type", ""),
        }


def _reference_fields(document: Object, field: str, shown: str = "") -> dict[str, str]:
    about = document.get(field) or {}
    return {f"{shown or field}.{name}": str(about.get(name, "")) for name in _REFERENCE}


def _shown(name: str, value: Any) -> Any:
    """A value as messages show it: a reference with all the fields of its Go struct."""
    if name not in ("involvedObject", "related") or value is None:
        return value
    return {_GO_NAMES.get(field, field.title()): value.get(field, "") for field in _REFERENCE}


def _source(document: Object) -> str:
    component = (document.get("source") or {}).get("component", "")
    return str(component or document.get("reportingComponent", ""))


def _told_errors(document: Object, reporter: str) -> list[FieldError]:
    """What both forms ask for, of an Event in core form; `reporter` is how messages name it."""
    namespace = (document.get("involvedObject") or {}).get("namespace", "")
    own = document["metadata"].get("namespace", "")
    if document.get("eventTime"):
        misplaced = not namespace and own not in ("default", "kube-system")
        return _place_errors(namespace, misplaced) + _new_style_errors(document, reporter)
    about_cluster = not namespace and own in ("", "default")
    return _place_errors(namespace, namespace != own and not about_cluster)


def _place_errors(namespace: str, misplaced: bool) -> list[FieldError]:
    words = "does not match event.namespace"
    return [invalid_value("involvedObject.namespace", namespace, words)] if misplaced else []


def _new_style_errors(document: Object, reporter: str) -> list[FieldError]:
    component = document.get("reportingComponent", "")
    errors = [] if component else [required(reporter)]
    errors += [invalid_value(reporter, component, words) for words in qualified_name(component)]
    for name in ("reportingInstance", "action", "reason"):
        text = document.get(name, "")
        errors += [] if text else [required(name)]
        errors += _length_errors(name, text, _TEXT_LENGTH_MAX)
    return errors + _length_errors("message", document.get("message", ""), _NOTE_LENGTH_MAX)


def _length_errors(name: str, text: str, most: int) -> list[FieldError]:
    if len(text) <= most:
        return []
    return [invalid_value(name, "", f"can have at most {most} characters")]


def _series_errors(document: Object) -> list[FieldError]:
    series = document.get("series")
    if series is None:
        return []
    errors: list[FieldError] = []
    if series.get("count", 0) < 2:
        errors.append(invalid_value("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(required("series.lastObservedTime"))
    return errors
