"""What the exit code of the command says; those of verdicts are in `harness.oracle.verdict`."""

PASSED = 0
FINDING = 1
USAGE = 2
INFRASTRUCTURE = 4
NOTHING_SELECTED = 5
INTERRUPTED = 130
