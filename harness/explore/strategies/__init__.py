"""From a CRD to what can be tried: valid specs, invalid ones, ways from one to the next.

    required.py      Hypothesis, or how to install it
    kind.py          the kind of a CRD, and the API server's judgement of its objects
    paths.py         places in schemas and in values
    rules.py         what CEL rules name and compare (clues.py): constants for the generators
    hints.py         what fields mean that their schema does not tell
    numbers.py texts.py formats.py patterns.py shapes.py    values of one field
    branches.py values.py drawing.py                        values of a whole schema
    repairing.py specs.py                                   specs that keep all rules
    invalid.py       specs with exactly one mistake, and its reason
    transitions.py   from one valid spec to the next
    sequences.py     lists of operations on a few objects
    properties.py    what there is to change in a spec: what coverage counts

Everything is a Hypothesis strategy made of strategies, so all of it shrinks and replays. What is
valid is decided by the functions of `harness.apiserver`, never here. What does not belong here: how
operations are carried out and judged.
"""
