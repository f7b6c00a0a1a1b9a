"""The schema of AIService as data: what the API server checks, defaults and prints without the
operator's help.

Three layers refuse a bad spec. Types, bounds and patterns stand at their fields. What concerns
several fields, or the name, is a CEL rule. What only the API server knows when it sees a pod (a
request above its limit, a resource name that does not exist) the operator reports as `Degraded`,
reason `InvalidSpec`.

Storage decides what a service is made of, so it comes with the service or not at all, and claims
never shrink: transition rules say so, at the write.

See https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from typing import Any

Schema = dict[str, Any]

GROUP = "example.com"
VERSION = "v1"
PLURAL = "aiservices"
NAME = f"{PLURAL}.{GROUP}"

# No more digits than a claim keeps as they are: the API server rounds and caps what is beyond.
STORAGE_PATTERN = r"^[0-9]{1,15}(\.[0-9]{1,3})?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$"
SCHEDULE_PATTERN = (
    r"^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)"
    r"|[0-9A-Za-z*/,?-]+( [0-9A-Za-z*/,?-]+){4})$"
)
NAME_PATTERN = r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"
QUANTITY_PATTERN = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"
SECONDS_MAX = 86_400


def custom_resource_definition() -> dict[str, Any]:
    """The `spec` of the CustomResourceDefinition, with Kubernetes' own field names."""
    return {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {
            "plural": PLURAL,
            "singular": "aiservice",
            "kind": "AIService",
            "listKind": "AIServiceList",
            "shortNames": ["ai"],
        },
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": _root()},
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.size",
                        "statusReplicasPath": ".status.replicas",
                        "labelSelectorPath": ".status.selector",
                    },
                },
                "additionalPrinterColumns": _columns(),
            }
        ],
    }


def _root() -> Schema:
    return {
        "type": "object",
        "description": "A self-healing AI model service.",
        "required": ["spec"],
        "properties": {"spec": _spec(), "status": _status()},
        "x-kubernetes-validations": [
            {
                # The name becomes a Service (RFC 1035) and the start of longer names.
                "rule": "size(self.metadata.name) <= 40"
                " && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
                "message": "metadata.name must be a DNS label of at most 40 characters "
                "that starts with a letter",
            }
        ],
    }


def _spec() -> Schema:
    return {
        "type": "object",
        "required": ["size"],
        "properties": {
            "size": _integer("Number of replicas; 0 stops the service.", 0, 1000),
            "image": {
                "type": "string",
                "description": "Container image of the model server.",
                "minLength": 1,
                "maxLength": 512,
                "pattern": r"^\S+$",
                "default": "aiservice/model-server:0.1.0",
            },
            "port": _integer("Port that the server listens on.", 1, 65_535, default=8080),
            "env": _env(),
            "resources": _resources(),
            "probe": _probe(),
            "model": _model(),
            "rollout": _rollout(),
            "storage": _storage(),
            "backup": _backup(),
            "restoreFrom": {
                "type": "string",
                "description": "Name of an archive to restore, as in status.lastBackup; each value "
                "is acted on once.",
                "minLength": 1,
                "maxLength": 253,
                "pattern": NAME_PATTERN,
            },
        },
        "x-kubernetes-validations": [
            _rule(
                "has(self.storage) == has(oldSelf.storage)",
                "storage cannot be added or removed after creation; make another service",
            ),
            _rule("has(self.storage) || !has(self.backup)", "backup needs storage"),
            _rule("has(self.storage) || !has(self.restoreFrom)", "restoreFrom needs storage"),
        ],
    }


def _env() -> Schema:
    return {
        "type": "array",
        "description": "Environment variables of the server.",
        "maxItems": 100,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 256,
                    "pattern": "^[-._a-zA-Z][-._a-zA-Z0-9]*$",
                },
                "value": {"type": "string", "maxLength": 32_768, "default": ""},
            },
        },
    }


def _resources() -> Schema:
    amounts = {
        "type": "object",
        "maxProperties": 16,
        "additionalProperties": {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": QUANTITY_PATTERN,
        },
    }
    return {
        "type": "object",
        "description": "Compute resources of one replica, as in a container.",
        "properties": {"limits": amounts, "requests": amounts},
    }


def _probe() -> Schema:
    return {
        "type": "object",
        "description": "The readiness probe, an HTTP GET.",
        "default": {},
        "properties": {
            "path": {
                "type": "string",
                "maxLength": 1024,
                "pattern": "^/",
                "default": "/readyz",
            },
            "periodSeconds": _integer("Seconds between two probes.", 1, 3600, default=10),
            "failureThreshold": _integer(
                "Failures in a row that make a replica unready.", 1, 100, default=3
            ),
        },
    }


def _model() -> Schema:
    text = {"type": "string", "minLength": 1, "maxLength": 253}
    return {
        "type": "object",
        "description": "The model to serve; a change rolls the replicas.",
        "required": ["name", "version"],
        "properties": {"name": text, "version": text},
    }


def _rollout() -> Schema:
    return {
        "type": "object",
        "description": "What to do about a change that does not become ready.",
        "default": {},
        "properties": {
            "progressDeadlineSeconds": _integer(
                "Seconds without progress after which a rollout has failed.",
                1,
                SECONDS_MAX,
                default=600,
            ),
            "automaticRollback": {
                "type": "boolean",
                "description": "Return to the last good revision when a rollout has failed.",
                "default": True,
            },
        },
    }


def _storage() -> Schema:
    return {
        "type": "object",
        "description": "Keeps the state of each replica in a claim of its own.",
        "required": ["size"],
        "properties": {
            "size": {
                "type": "string",
                "description": "What one replica's claim asks for; it can only grow.",
                "maxLength": 32,
                "pattern": STORAGE_PATTERN,
            },
            "storageClassName": {
                "type": "string",
                "description": "Class of the claims; the cluster's default one when omitted.",
                "minLength": 1,
                "maxLength": 253,
                "pattern": NAME_PATTERN,
            },
        },
        "x-kubernetes-validations": [
            _rule(
                "quantity(self.size).compareTo(quantity('1')) >= 0"
                " && quantity(self.size).compareTo(quantity('1Pi')) <= 0",
                "size must be from 1 to 1Pi",
            ),
            _rule(
                "quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0",
                "size can only grow",
            ),
            _rule(
                "has(self.storageClassName) == has(oldSelf.storageClassName)"
                " && (!has(self.storageClassName)"
                " || self.storageClassName == oldSelf.storageClassName)",
                "storageClassName cannot be changed after creation",
            ),
        ],
    }


def _backup() -> Schema:
    return {
        "type": "object",
        "description": "Saves the state of all replicas into the claim NAME-backups.",
        "required": ["schedule"],
        "properties": {
            "schedule": {
                "type": "string",
                "description": "When, in cron syntax; UTC.",
                "maxLength": 128,
                "pattern": SCHEDULE_PATTERN,
            },
            "keep": _integer("How many archives are kept.", 1, 1000, default=7),
            "suspend": {
                "type": "boolean",
                "description": "Make no backups for now.",
                "default": False,
            },
        },
    }


def _status() -> Schema:
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "observedGeneration": {"type": "integer", "format": "int64"},
            "replicas": {"type": "integer", "format": "int32"},
            "readyReplicas": {"type": "integer", "format": "int32"},
            "selector": text,
            "endpoint": text,
            "revision": text,
            "lastGoodRevision": text,
            "lastBackup": text,
            "restoredFrom": text,
            "conditions": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
                "items": _condition(),
            },
        },
    }


def _condition() -> Schema:
    return {
        "type": "object",
        "required": ["type", "status", "lastTransitionTime", "reason", "message"],
        "properties": {
            "type": {"type": "string", "maxLength": 316},
            "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
            "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
            "lastTransitionTime": {"type": "string", "format": "date-time"},
            "reason": {"type": "string", "minLength": 1, "maxLength": 1024},
            "message": {"type": "string", "maxLength": 32_768},
        },
    }


def _columns() -> list[Schema]:
    def condition(kind: str, field: str) -> str:
        return f".status.conditions[?(@.type=='{kind}')].{field}"

    return [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Available", "type": "integer", "jsonPath": ".status.readyReplicas"},
        {"name": "Ready", "type": "string", "jsonPath": condition("Ready", "status")},
        {"name": "Reason", "type": "string", "jsonPath": condition("Ready", "reason")},
        {
            "name": "Endpoint",
            "type": "string",
            "priority": 1,
            "jsonPath": ".status.endpoint",
        },
        {
            "name": "Last backup",
            "type": "string",
            "priority": 1,
            "jsonPath": ".status.lastBackup",
        },
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]


def _rule(rule: str, message: str) -> Schema:
    return {"rule": rule, "message": message}


def _integer(description: str, minimum: int, maximum: int, default: int | None = None) -> Schema:
    schema: Schema = {
        "type": "integer",
        "format": "int32",
        "description": description,
        "minimum": minimum,
        "maximum": maximum,
    }
    return schema if default is None else schema | {"default": default}
