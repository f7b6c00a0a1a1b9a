"""Removing what a manager applied before and applies no longer.

A field goes when it was in the manager's last set, is not in the new one, and nobody else owns it.
Taking out a named field takes out everything below it at first; what others own, and what nobody
owns but was not the manager's either, is put back.
"""

from __future__ import annotations

from typing import Any

from ..requests import Object
from .field_set import FieldSet, difference, intersection, union
from .fields_of import fields_of, with_named_parents
from .managed_fields import Managed
from .removal import without
from .shape import Shape


def pruned(merged: Object, managed: Managed, last: FieldSet, new: FieldSet, shape: Shape) -> Object:
    """The merged document without fields that fell out of use.

    Args:
        merged: Live document with the new one merged in.
        managed: All rows, that of the applying manager being the new one already.
        last: What the manager owned before.
        new: What it owns now.
    """
    if not difference(last, new):
        return merged
    last = with_named_parents(last, shape)
    everything = with_named_parents(fields_of(merged, shape), shape)
    first_cut = _fields_without(merged, last, shape)
    owned: FieldSet = {}
    for row in managed.values():
        owned = union(owned, row.fields)
    owned = with_named_parents(owned, shape)
    second_cut = _fields_without(merged, difference(everything, union(first_cut, owned)), shape)
    doomed = intersection(difference(everything, second_cut), last)
    result: Any = without(merged, doomed, shape)
    return result if isinstance(result, dict) else {}


def _fields_without(merged: Object, doomed: FieldSet, shape: Shape) -> FieldSet:
    rest = without(merged, doomed, shape)
    return with_named_parents(fields_of(rest or {}, shape), shape)
