"""Valid specs of a custom resource, from nothing but its CRD.

    CRD > kind > (rules > clues, names > hints) > values > a spec > repaired > accepted

The strategies of a CRD are built once and kept: what a second `from_crd` costs is a look-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.apiserver.requests import Object

from .clues import NO_CLUES
from .formats import DNS_LABEL
from .hints import HintsSource, hints_for
from .kind import CustomKind, Definition, kind_of
from .repairing import Repairs
from .required import DrawFn, SearchStrategy, assume, st
from .rules import clues_of
from .values import Values

#: The longest name of an object, and others at the edge of what is allowed. What is named after the
#: object may be allowed less: a Service begins with a letter and has no dots, a label is shorter.
_NAME_MAX = 253
_STRANGE_NAMES = ("x" * 63, "a-b", "0", "a.b", "x" * _NAME_MAX, "x" * 52, "a0", "a--b")


class Specs:
    """Everything that is drawn of one kind, prepared.

    Args:
        kind: From `kind_of`.
        hints: What places mean.
    """

    def __init__(self, kind: CustomKind, hints: Mapping[str, Any]) -> None:
        self.kind = kind
        clues = clues_of(kind.strategy.schema.rules)
        self.values = Values(clues, hints)
        self.repairs = Repairs(kind, self.values)
        self.raw = self.values.at(kind.spec, "spec")
        self.valid = _accepted(self)
        name_clues = clues.get("metadata.name", NO_CLUES)
        longest = ["a" * size for size in name_clues.sizes if 0 < size <= _NAME_MAX]
        self.names = st.one_of(DNS_LABEL, st.sampled_from([*longest, "x" * 63]))
        #: Names that operators stumble over; a kind may refuse some of them.
        self.strange_names = tuple(dict.fromkeys([*longest, *_STRANGE_NAMES]))
        self.whole = st.builds(kind.whole, self.valid, self.names).filter(self._is_accepted)

    def allows_name(self, spec: Object, name: str) -> bool:
        """Whether an object with a valid spec may be called so."""
        return self._is_accepted(self.kind.whole(spec, name))

    def _is_accepted(self, document: Object) -> bool:
        return not self.kind.judge(document).errors


@st.composite
def _accepted(draw: DrawFn, specs: Specs) -> Object:
    document = specs.kind.whole(draw(specs.raw))
    accepted = specs.repairs.accepted(draw, document)
    assume(accepted is not None)
    spec: Object = document["spec"]
    return spec


_prepared: dict[tuple[CustomKind, str], Specs] = {}


def specs_of(crd: Definition, version: str | None, hints: HintsSource) -> Specs:
    """The strategies of a CRD, built on first use."""
    kind = kind_of(crd, version)
    known = hints_for(kind, hints)
    key = (kind, repr(sorted(known.items())))
    found = _prepared.get(key)
    if found is None:
        found = _prepared[key] = Specs(kind, known)
    return found


def from_crd(
    crd: Definition,
    version: str | None = None,
    *,
    hints: HintsSource = None,
    whole: bool = False,
) -> SearchStrategy[Object]:
    """Specs that the API server accepts, CEL rules included.

    Args:
        crd: A file, a document, or the `Node` of an `openAPIV3Schema`.
        version: A served version; the stored one when omitted.
        hints: A hints file, or its content: what fields mean that the schema does not tell.
        whole: Whole objects, with a name, instead of the values of `.spec`.

    Shrinks to the spec with only what is required, in its simplest values.
    Source: Kubernetes "Extend the Kubernetes API with CustomResourceDefinitions".
    """
    specs = specs_of(crd, version, hints)
    return specs.whole if whole else specs.valid
