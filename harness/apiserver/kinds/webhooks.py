"""ValidatingWebhookConfiguration and MutatingWebhookConfiguration: what may be written into them.

Source: Kubernetes `pkg/apis/admissionregistration/validation`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..cel import BOOL, CelCompileError, compile_expression
from ..cel.static_types import DYN
from ..names import dns_subdomain, qualified_name
from ..requests import Object
from ..status import FieldError, duplicate, invalid_value, not_supported, required
from .checks import named, selector_errors
from .common import BuiltinStrategy

VARIABLES = ("object", "oldObject", "request", "authorizer")
_VERSIONS = ("v1", "v1beta1")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_WORDS = {
    "failurePolicy": ("Fail", "Ignore"),
    "matchPolicy": ("Equivalent", "Exact"),
    "sideEffects": ("None", "NoneOnDryRun"),
    "reinvocationPolicy": ("IfNeeded", "Never"),
}
_URL_FORM = "desired format: https://host[/path]"
_ONE_TARGET = "exactly one of url or service is required"
_TIMEOUT_MAX = 30
_PORT_MAX = 65535
_NAME_SEGMENTS_MIN = 3
_RULE_LISTS = (
    ("apiGroups", "API groups"),
    ("apiVersions", "API versions"),
    ("resources", "resources"),
)


class WebhookConfigurationStrategy(BuiltinStrategy):
    """Hooks of both kinds."""

    def check(self, document: Object) -> list[FieldError]:
        """Each webhook, and no name twice."""
        errors: list[FieldError] = []
        seen: set[str] = set()
        for index, hook in enumerate(document.get("webhooks") or ()):
            path, name = f"webhooks[{index}]", hook.get("name", "")
            errors += _version_errors(hook, f"{path}.admissionReviewVersions")
            errors += _hook_errors(hook, path)
            if name and name in seen:
                errors.append(duplicate(f"{path}.name", name))
            seen.add(name)
        return errors


def _version_errors(hook: Object, path: str) -> list[FieldError]:
    versions = hook.get("admissionReviewVersions") or []
    known = ", ".join(_VERSIONS)
    if not versions:
        return [required(path, f"must specify one of {known}")]
    if not set(versions) & set(_VERSIONS):
        return [invalid_value(path, versions, f"must include at least one of {known}")]
    return []


def _hook_errors(hook: Object, path: str) -> list[FieldError]:
    errors = _name_errors(hook.get("name", ""), f"{path}.name")
    for index, rule in enumerate(hook.get("rules") or ()):
        errors += _rule_errors(rule, f"{path}.rules[{index}]")
    for field in ("failurePolicy", "matchPolicy", "sideEffects"):
        errors += _word_errors(hook, field, path)
    timeout = hook.get("timeoutSeconds")
    if timeout is not None and not 1 <= timeout <= _TIMEOUT_MAX:
        words = "the timeout value must be between 1 and 30 seconds"
        errors.append(invalid_value(f"{path}.timeoutSeconds", timeout, words))
    for field in ("namespaceSelector", "objectSelector"):
        errors += selector_errors(hook.get(field) or {}, f"{path}.{field}")
    errors += _target_errors(hook.get("clientConfig") or {}, f"{path}.clientConfig")
    errors += _word_errors(hook, "reinvocationPolicy", path)
    return errors + _condition_errors(hook.get("matchConditions") or (), path)


def _name_errors(name: str, path: str) -> list[FieldError]:
    if not name:
        return [required(path)]
    complaints = dns_subdomain(name)
    if not complaints and len(name.split(".")) < _NAME_SEGMENTS_MIN:
        complaints = ["should be a domain with at least three segments separated by dots"]
    return [invalid_value(path, name, words) for words in complaints]


def _word_errors(hook: Object, field: str, path: str) -> list[FieldError]:
    word = hook.get(field)
    if word is None and field == "sideEffects":
        return [required(f"{path}.{field}", "must specify one of None, NoneOnDryRun")]
    if word is None or word in _WORDS[field]:
        return []
    return [not_supported(f"{path}.{field}", word, _WORDS[field])]


def _rule_errors(rule: Object, path: str) -> list[FieldError]:
    operations: list[str] = rule.get("operations") or []
    errors = [] if operations else [required(f"{path}.operations")]
    if "*" in operations and len(operations) > 1:
        words = "if '*' is present, must not specify other operations"
        errors.append(invalid_value(f"{path}.operations", operations, words))
    for index, operation in enumerate(operations):
        if operation not in _OPERATIONS:
            errors.append(not_supported(f"{path}.operations[{index}]", operation, _OPERATIONS))
    for field, title in _RULE_LISTS:
        errors += _list_errors(rule.get(field) or [], f"{path}.{field}", title)
    scope = rule.get("scope")
    if scope is not None and scope not in ("*", "Cluster", "Namespaced"):
        errors.append(not_supported(f"{path}.scope", scope, ("*", "Cluster", "Namespaced")))
    return errors


def _list_errors(listed: list[str], path: str, title: str) -> list[FieldError]:
    if not listed:
        return [required(path)]
    if title != "resources" and "*" in listed and len(listed) > 1:
        words = f"if '*' is present, must not specify other {title}"
        return [invalid_value(path, listed, words)]
    may_be_empty = title == "API groups"
    return [
        required(f"{path}[{index}]")
        for index, each in enumerate(listed)
        if not each and not may_be_empty
    ]


def _target_errors(config: Object, path: str) -> list[FieldError]:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return [required(path, _ONE_TARGET)]
    if url is not None:
        return _url_errors(url, f"{path}.url")
    return _service_errors(service or {}, f"{path}.service")


def _url_errors(text: str, path: str) -> list[FieldError]:
    url = urlsplit(text)
    errors: list[FieldError] = []
    if url.scheme != "https":
        words = f"'https' is the only allowed URL scheme; {_URL_FORM}"
        errors.append(invalid_value(path, url.scheme, words))
    if not url.netloc:
        errors.append(invalid_value(path, "", f"host must be specified; {_URL_FORM}"))
    for shown, words in _extra_parts(url):
        if shown:
            errors.append(invalid_value(path, shown, f"{words} not permitted in the URL"))
    return errors


def _extra_parts(url: SplitResult) -> Sequence[tuple[str, str]]:
    user = url.netloc.rpartition("@")[0]
    return (
        (user, "user information is"),
        (url.fragment, "fragments are"),
        (url.query, "query parameters are"),
    )


def _service_errors(service: Object, path: str) -> list[FieldError]:
    errors = [] if service.get("name") else [required(f"{path}.name")]
    if not service.get("namespace"):
        errors.append(required(f"{path}.namespace"))
    port = service.get("port", 443)
    if not 1 <= port <= _PORT_MAX:
        words = "port is not valid: must be between 1 and 65535, inclusive"
        errors.append(invalid_value(f"{path}.port", port, words))
    where = service.get("path")
    return errors + (_path_errors(where, f"{path}.path") if where else [])


def _path_errors(text: str, path: str) -> list[FieldError]:
    if text == "/":
        return []
    errors: list[FieldError] = []
    if not text.startswith("/"):
        errors.append(invalid_value(path, text, "must start with a '/'"))
    segments = text[1:].removesuffix("/").split("/")
    for index, segment in enumerate(segments):
        if not segment:
            errors.append(invalid_value(path, text, f"segment[{index}] may not be empty"))
            continue
        errors += [invalid_value(path, text, words) for words in dns_subdomain(segment)]
    return errors


def _condition_errors(conditions: Sequence[Object], at: str) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    check: Callable[[str], list[str]] = qualified_name
    for index, row in enumerate(conditions):
        path, name = f"{at}.matchConditions[{index}]", row.get("name", "")
        errors += _expression_errors(row.get("expression", "").strip(), f"{path}.expression")
        errors += named(name, f"{path}.name", check)
        if name and name in seen:
            errors.append(duplicate(f"{path}.name", name))
        seen.add(name)
    return errors


def _expression_errors(text: str, path: str) -> list[FieldError]:
    if not text:
        return [required(path)]
    try:
        variables: dict[str, Any] = dict.fromkeys(VARIABLES)
        program = compile_expression(text, variables)
    except CelCompileError as error:
        return [invalid_value(path, text, error.detail)]
    if program.type not in (BOOL, DYN):
        return [invalid_value(path, text, f"must evaluate to bool but got {program.type}")]
    return []
