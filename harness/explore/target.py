"""What is searched: one operator, the kind it serves, and the cluster around them.

    CRD + kopf module            Target.of("crd.yaml", "my_operator.handlers")
    [tool.operator-harness]      Target.of_project(settings)

A target is made once and used by every trial of a search; it is never changed. Trials of a kopf
module run on virtual time, those of a command in real time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from harness.apiserver.requests import Object
from harness.client import ResourceRef
from harness.clusters.simulated import SimulationOptions
from harness.controllers.kubelet import BehaviourRule
from harness.controllers.programs import Program
from harness.errors import UsageError
from harness.running.operators import operators
from harness.scenario.loader import read_manifests
from harness.scenario.settings import Settings
from harness.subjects.spec import SubjectSpec
from harness.vocabulary import did_you_mean

from .subject_line import subject_of

_DEFINITION = "CustomResourceDefinition"


@dataclass(frozen=True)
class Target:
    """An operator and its kind, and what is there before it starts.

    Args:
        crd: The definition of the kind under test.
        version: The version that objects are written in.
        subjects: The operators under test; their children and those of no other are judged.
        manifests: Applied before the operator starts; the definition is among them.
        nodes: Of the cluster.
        programs: Images that are Python functions.
        behaviours: How pods play.
        externals: Hosts outside of the cluster that the operator may reach.
        replaced_deployments: Deployments of the manifests that the subjects stand for.
        namespace: Where objects are created.
    """

    crd: Object
    version: str
    subjects: tuple[SubjectSpec, ...]
    manifests: tuple[Object, ...] = ()
    nodes: int = 3
    programs: tuple[Program, ...] = ()
    behaviours: tuple[BehaviourRule, ...] = ()
    externals: tuple[str, ...] = ()
    replaced_deployments: frozenset[str] = frozenset()
    namespace: str = "default"

    @classmethod
    def of(
        cls,
        crd: str | Path | Object,
        subject: str | SubjectSpec,
        *,
        version: str = "",
        manifests: Sequence[str | Path] = (),
        **more: Any,
    ) -> Target:
        """A target from a definition and the way to start the operator, and nothing else.

        Args:
            crd: A manifest with one definition, or the definition itself.
            subject: A kopf module, a `kopf run` line, another command, or what to run in full.
                It acts as cluster-admin unless that says otherwise.
            version: The version of the kind; the storage version when empty.
            manifests: Further files to apply first.
            more: Other fields of the target.
        """
        definition = crd if isinstance(crd, dict) else _definition(read_manifests(Path(crd)), "")
        spec = subject_of(subject) if isinstance(subject, str) else subject
        others = [document for path in manifests for document in read_manifests(Path(path))]
        return cls(
            definition,
            version or storage_version(definition),
            (spec,),
            (definition, *others),
            **more,
        )

    @classmethod
    def of_project(
        cls, settings: Settings, *, kind: str = "", version: str = "", **more: Any
    ) -> Target:
        """A target from a project's settings.

        Pods are played as data, not by the programs of the settings: what is judged are the
        operator's objects, and a served model costs more than all the rest.

        Args:
            settings: Of the project; they name the operator and its manifests.
            kind: The kind under test, where the manifests define several.
            version: Of that kind; the storage version when empty.
            more: Other fields of the target.

        Raises:
            UsageError: No operator is named, or no such kind is defined.
        """
        manifests = [doc for path in settings.manifest_paths for doc in read_manifests(path)]
        definition = _definition(manifests, kind)
        subjects = operators(settings, manifests)
        if not subjects:
            message = "the project names no operator; write its module into "
            raise UsageError(message + "[tool.operator-harness.subject], or give --subject")
        replaced = settings.subject.deployment
        fields: dict[str, Any] = {
            "nodes": settings.nodes,
            "externals": tuple(settings.externals),
            "replaced_deployments": frozenset({replaced} if replaced else ()),
            **more,
        }
        chosen = version or storage_version(definition)
        return cls(definition, chosen, tuple(subjects), tuple(manifests), **fields)

    @cached_property
    def options(self) -> SimulationOptions:
        """What its cluster is made of."""
        return SimulationOptions(
            nodes=self.nodes,
            behaviours=self.behaviours,
            programs=self.programs,
            subjects=self.subjects,
            externals=self.externals,
            replaced_deployments=self.replaced_deployments,
        )

    @cached_property
    def resource(self) -> ResourceRef:
        """Where objects of the kind are served."""
        spec = self.crd["spec"]
        names, namespaced = spec["names"], spec["scope"] == "Namespaced"
        return ResourceRef(spec["group"], self.version, names["plural"], names["kind"], namespaced)

    @cached_property
    def subresources(self) -> Object:
        """`status` and `scale` of the version, as the definition has them."""
        found: Object = _version_of(self.crd, self.version).get("subresources") or {}
        return found

    @cached_property
    def schema(self) -> Object:
        """The structural schema of the version."""
        holder = _version_of(self.crd, self.version).get("schema") or {}
        found: Object = holder.get("openAPIV3Schema") or {}
        return found

    @property
    def in_real_time(self) -> bool:
        """Whether the operator is a program that cannot be given another clock."""
        return any(spec.command for spec in self.subjects)

    @cached_property
    def key(self) -> str:
        """A digest of all that decides how it behaves, except the operator's code."""
        parts = [
            self.version,
            self.namespace,
            self.nodes,
            sorted(self.replaced_deployments),
            [repr(spec) for spec in self.subjects],
            [repr(rule) for rule in self.behaviours],
            [program.name for program in self.programs],
            self.manifests,
        ]
        return hashlib.blake2b(orjson.dumps(parts), digest_size=8).hexdigest()

    def document(self, name: str, spec: Object) -> Object:
        """An object of the kind."""
        metadata = {"name": name}
        if self.resource.namespaced:
            metadata["namespace"] = self.namespace
        return {
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "metadata": metadata,
            "spec": spec,
        }


def storage_version(crd: Object) -> str:
    """The version in which objects are kept."""
    return str(next(v["name"] for v in crd["spec"]["versions"] if v.get("storage")))


def _version_of(crd: Object, name: str) -> Object:
    versions = {version["name"]: version for version in crd["spec"]["versions"]}
    if name not in versions:
        remedy = did_you_mean(name, versions)
        raise UsageError(f"{crd['metadata']['name']} has no version {name!r}{remedy}")
    found: Object = versions[name]
    return found


def _definition(documents: Sequence[Object], kind: str) -> Object:
    known = {
        document["spec"]["names"]["kind"]: document
        for document in documents
        if document["kind"] == _DEFINITION
    }
    if kind and kind not in known:
        raise UsageError(
            f"kind {kind!r} is defined in none of the manifests{did_you_mean(kind, known)}"
        )
    if not kind and len(known) != 1:
        names = ", ".join(sorted(known)) or "none"
        raise UsageError(
            f"one kind is tested at a time, and the manifests define {names}; name one as `kind`"
        )
    return known[kind] if kind else next(iter(known.values()))
