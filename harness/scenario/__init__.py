"""Scenario files: YAML in, verdict out.

    files > yaml_tree (values with positions) > expand (bindings, matrix) > model > plan > runner

What belongs here: the file format, its semantics, and running one case against one cluster.
What does not: how a fault acts (`faults`), how a claim is judged (`oracle`), where it runs
(`clusters`), how it is shown (`report`).
"""
