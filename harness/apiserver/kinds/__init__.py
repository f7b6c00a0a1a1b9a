"""What is special about each built-in kind: one strategy a file or family.

What belongs here: defaults that depend on something, validation beyond the schema, immutable
fields, what a field selector may ask for. What does not: facts that are the same for all objects of
a type (types, fixed defaults): they are data, see `schema/builtin.py`.
"""
