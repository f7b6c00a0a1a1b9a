"""The scenario here is run with planted bugs by `test_rule_bugs.py`; alone it has no operator."""

collect_ignore = ["page.yaml"]
