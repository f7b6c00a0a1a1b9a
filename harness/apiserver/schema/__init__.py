"""Schemas: what fields an object has, and what follows from it.

What belongs here: reading OpenAPI and CRD schemas, validation, pruning, defaulting, the data of
built-in kinds. What does not: merging (see `patches/` and `apply/`) and storage.
"""
