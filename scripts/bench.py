"""`make bench`: measure the speed table of DESIGN and print it.

    bench.py [--write] [--full] [--only GROUP]

`--write` also puts it into README.md, between its markers, and into docs/reference/speed.md.
`--full` makes a million requests where otherwise 200,000 do. With KUBEBUILDER_ASSETS the real
kube-apiserver is measured in the same run: ratios are what matters, absolute numbers are this
machine's.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from benchmarks import faulting, growing, resting, searching, serving, starting  # noqa: E402
from benchmarks.measuring import Row  # noqa: E402
from benchmarks.pages import table, write_bench  # noqa: E402


def main() -> int:
    """Measure, print, and write where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the table into README and docs")
    parser.add_argument("--full", action="store_true", help="a million requests")
    groups: dict[str, Callable[[], list[Row]]] = {
        "starting": starting.rows,
        "resting": resting.rows,
        "faulting": faulting.rows,
        "serving": serving.rows,
        "searching": searching.rows,
        "growing": partial(growing.rows, full="--full" in sys.argv),
    }
    parser.add_argument("--only", choices=groups, help="one group, printed only")
    options = parser.parse_args()
    if options.only and options.write:
        parser.error("--only gives a part of the table, which --write would take for the whole")
    os.chdir(ROOT)
    rows: list[Row] = []
    for name, measure in groups.items():
        if options.only in (None, name):
            print(f"measuring: {name}", file=sys.stderr)
            rows += measure()
    print(table(rows))
    if options.write:
        write_bench(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
