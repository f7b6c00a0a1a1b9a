"""`make bench`: measure the speed table of DESIGN and print it.

    bench.py [--write] [--full] [--only GROUP]

`--write` also puts it into README.md, between its markers, and into docs/reference/speed.md.
`--full` makes a million requests where otherwise 200,000 do. With KUBEBUILDER_ASSETS the real
kube-apiserver is measured in the same run: ratios are what matters, absolute numbers are this
machine's.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from benchmarks import faulting, growing, resting, serving, starting  # noqa: E402
from benchmarks.measuring import Row  # noqa: E402

README = ROOT / "README.md"
PAGE = ROOT / "docs/reference/speed.md"
_BEGIN, _END = "<!-- bench:begin -->", "<!-- bench:end -->"


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
        write(rows)
    return 0


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | measured | aim | how |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.measured} | {row.aim} | {row.note} |" for row in rows]
    return "\n".join(lines)


def short_table(rows: list[Row]) -> str:
    """The table without how it was measured, for README."""
    lines = ["| what | measured | aim |", "|---|---|---|"]
    lines += [f"| {row.what} | {row.measured} | {row.aim} |" for row in rows]
    return "\n".join(lines)


def machine() -> str:
    """One sentence on where and when."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    name = model[1] if model else platform.machine()
    load = os.getloadavg()[0]
    today = datetime.datetime.now(datetime.UTC)
    return (
        f"Measured on {today:%Y-%m-%d} with Python {platform.python_version()} on "
        f"{os.cpu_count()} cores ({name}), load {load:.1f}."
    )


def write(rows: list[Row]) -> None:
    """Put the table into README and its own page."""
    text = README.read_text()
    if _BEGIN not in text:
        text += f"\n## Speed\n\n{_BEGIN}\n{_END}\n"
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    how = "How each was measured: [Speed](docs/reference/speed.md)."
    section = f"{_BEGIN}\n{short_table(rows)}\n\n{machine()} {how}\n{_END}"
    README.write_text(before + section + after)
    PAGE.write_text(_PAGE.format(machine=machine(), table=table(rows)))


_PAGE = """\
# Speed

Written by `make bench`; do not edit. {machine}

The ratios are what matters: absolute numbers belong to this machine and to what else it did.

{table}

## What the rows mean

- **Process start** counts from starting `harness run` until the first case writes the first line
  of its journal: Python, imports of the harness, kopf and the `kubernetes` client, reading the
  scenario, a fork, a new cluster.
- **At rest** the services are ready and nothing happens but what never stops: the operator's
  resync, its watches, the nodes' heartbeats.
- **A fault scenario** is everything that `harness run` does for one case but starting the process.
- **The API server** is `harness serve` without controllers. The real one is kube-apiserver with a
  fresh etcd that does not wait for the disk. Client and server share the machine's cores.
  Watch delivery is counted from sending a write to its event's arrival at another connection.
- **Growth** asks the server directly, without network. A run keeps its records in memory besides,
  because the oracles judge them; the journal on disk is streamed.
"""

if __name__ == "__main__":
    sys.exit(main())
