"""The operators of `tests/quality/inputs`, and how each of them is found; see its README."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.explore.target import Target

ROOT = Path(__file__).resolve().parents[2]
INPUTS = ROOT / "tests" / "quality" / "inputs"
AISERVICE = (ROOT / "operator" / "manifests" / "crd.yaml", "aiservice_operator.handlers")
PAGE = (ROOT / "tests" / "subjects" / "pages" / "crd.yaml", "tests.subjects.pages.handlers")


@dataclass(frozen=True)
class Planted:
    """One planted bug.

    Args:
        name: Of the module.
        operator: The CRD and the module of the operator that it changes.
        oracle: Who finds it.
        operations: The smallest example has at most so many.
        fields: And so many values in all its specs together.
    """

    name: str
    operator: tuple[Path, str]
    oracle: str
    operations: int
    fields: int

    @property
    def target(self) -> Target:
        """The operator with the bug: what `harness fuzz --crd ... --subject ...` makes."""
        crd, module = self.operator
        return Target.of(crd, f"{module},tests.quality.inputs.{self.name}")


PLANTED = (
    Planted("removed_label_stays", PAGE, "removed-values", operations=2, fields=3),
    Planted("ignored_after_creation", PAGE, "path-independence", operations=2, fields=4),
    Planted("immutable_field_retried", AISERVICE, "path-independence", operations=2, fields=6),
    Planted("block_omitted_breaks", AISERVICE, "no-crash", operations=1, fields=2),
    Planted("enum_value_unhandled", PAGE, "no-crash", operations=1, fields=2),
    Planted("zero_is_a_one_way_door", AISERVICE, "path-independence", operations=2, fields=3),
    Planted("quantity_compared_as_text", AISERVICE, "no-crash", operations=1, fields=2),
    Planted("list_order_ignored", PAGE, "path-independence", operations=2, fields=5),
    Planted("unicode_breaks", PAGE, "no-crash", operations=1, fields=1),
    Planted("longest_name_breaks", PAGE, "converges", operations=2, fields=3),
    Planted("stale_port_left", PAGE, "path-independence", operations=2, fields=4),
    Planted("order_of_edits_matters", PAGE, "path-independence", operations=2, fields=5),
)
