"""`test_rule_bugs.py` runs the scenario of `rules/` with planted bugs; pytest does not collect it."""

collect_ignore = ["rules/page.yaml"]
