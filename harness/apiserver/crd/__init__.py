"""Custom resources: from a CustomResourceDefinition to a served, validated resource.

    definition.py    the CRD itself as a kind: its defaults, its checks, its status
    structural.py    is the schema structural, and what may stand in it
    rules.py         CEL validation rules: compiled once with the CRD, evaluated at every level
    custom.py        the strategy of the custom resources
    serving.py       the `Resource`s that a CRD makes the server serve

What does not belong here: storing and watching, which custom resources share with all others.
"""

from .serving import served_resources

__all__ = ["served_resources"]
