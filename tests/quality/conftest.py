"""`test_rule_bugs.py` runs the scenario of `rules/`, with planted bugs; pytest collects it not."""

collect_ignore = ["rules/page.yaml"]
