"""`make compare`: is the simulation telling the truth, and how much faster is it?

    compare.py [PATHS...] [--cluster kind] [--label tier=smoke] [--write] [-- OPTIONS OF A RUN]

    harness run --cluster sim ─▶ REPORT/sim ─┐
                                             ├─▶ verdicts and end states, case by case; seconds
    harness run --cluster kind ▶ REPORT/kind ┘

Both are what a user calls, as processes of their own, with the same seed and one case after
another, so the seconds are those that a user waits. `--write` puts the result into README.md and
docs/reference/speed.md, between markers, and into docs/reference/one-truth.json; `sim` is run three
times then and the fastest counts, because a moment of a busy machine is as long as a case there.

Exit code: 0 all equal, 1 a difference, else that of the run that failed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from benchmarks.measuring import machine  # noqa: E402
from benchmarks.one_truth import OneTruth, Timing, keep  # noqa: E402
from benchmarks.pages import write_one_truth  # noqa: E402

from harness.report.comparing import Comparison, compare_reports  # noqa: E402

SEED = "1"
SIM_TRIES = 3
CLUSTERS = ("kind", "control-plane", "existing")


def main(arguments: Sequence[str]) -> int:
    """Run both, compare, tell, and write where asked to."""
    own, more = _split(arguments)
    options = _parser().parse_args(own)
    os.chdir(ROOT)
    selection = [*options.paths, *(f"--label={label}" for label in options.label)]
    places = {name: options.report_dir / name for name in ("sim", options.cluster)}
    ours = []
    for _ in range(SIM_TRIES if options.write else 1):
        code, run = play("sim", selection, places["sim"])
        if code != 0:
            return code
        ours.append(run)
    code, theirs = play(options.cluster, [*selection, *more], places[options.cluster])
    if code > 1:
        return code
    every = list(compare_reports(places["sim"], places[options.cluster]))
    measured = _measured(options.cluster, every, min(ours, key=attrgetter("seconds")), theirs)
    tell(every, measured)
    equal = measured.same_verdict == measured.same_end == measured.cases > 0
    if options.write:
        write_one_truth(keep(measured))
    return 0 if equal and code == 0 else 1


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Our own arguments, and those after `--` for the run on the real cluster."""
    if "--" not in arguments:
        return arguments, []
    index = list(arguments).index("--")
    return arguments[:index], arguments[index + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        epilog="What follows `--` is given to `harness run` on that cluster.",
    )
    parser.add_argument("paths", nargs="*", default=["scenarios"], help="files or folders")
    parser.add_argument("--cluster", choices=CLUSTERS, default="kind")
    parser.add_argument("--label", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--report-dir", type=Path, default=Path(".harness/compare"))
    parser.add_argument("--write", action="store_true", help="put it into README and docs")
    return parser


@dataclass(frozen=True)
class Run:
    """One call of `harness run`: its real seconds, and what it left."""

    seconds: float
    results: Sequence[Mapping[str, Any]]

    def timing(self, cases: Container[str]) -> Timing:
        """How long it took, and these cases in it."""
        both = [result for result in self.results if result["case"] in cases]
        return Timing(
            whole_seconds=self.seconds,
            cases_seconds=sum(result["wall_seconds"] for result in both),
            cluster_seconds=sum(result["virtual_seconds"] for result in both),
        )


def play(cluster: str, words: Sequence[str], report: Path) -> tuple[int, Run]:
    """Run `harness run WORDS` on a cluster; returns its exit code and what there is to know.

    Ctrl-C reaches it once, from here: a second one would not let it undo what it did. Therefore it
    has a session of its own.
    """
    print(f"== the scenarios on {cluster}", flush=True)
    shutil.rmtree(report, ignore_errors=True)
    command = [sys.executable, "-m", "harness", "run", f"--cluster={cluster}", f"--seed={SEED}"]
    command += ["--parallel=1", *words, f"--report-dir={report}"]
    began = time.perf_counter()
    process = subprocess.Popen(command, start_new_session=True)

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        process.send_signal(signal.SIGINT)

    before = {each: signal.signal(each, interrupt) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = process.wait()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    seconds, summary = time.perf_counter() - began, report / "run.json"
    results = json.loads(summary.read_text())["results"] if summary.exists() else []
    return code, Run(seconds, results)


def _measured(cluster: str, every: Sequence[Comparison], sim: Run, other: Run) -> OneTruth:
    both = [compared for compared in every if not compared.skipped]
    cases = {compared.ours["case"] for compared in both}
    return OneTruth(
        cluster=cluster,
        command=f"make compare CLUSTER={cluster}",
        machine=machine(),
        scenarios=len({compared.ours["file"] for compared in both}),
        cases=len(both),
        skipped=len(every) - len(both),
        same_verdict=sum(compared.same_verdict for compared in both),
        same_end=sum(compared.same_end for compared in both),
        sim=sim.timing(cases),
        other=other.timing(cases),
    )


def tell(every: Sequence[Comparison], measured: OneTruth) -> None:
    """Case by case, then the table."""
    print("== compared")
    for compared in every:
        if compared.skipped:
            print(f"skipped    {compared.name}: {compared.skipped}")
            continue
        words = f"{compared.ours['verdict']} / {compared.theirs['verdict']}"
        equal = compared.same_verdict and compared.same_end
        print(f"{'equal' if equal else 'DIFFERENT':<10} {compared.name}: {words}")
        for difference in compared.differences:
            print(f"    {difference}")
    print(f"\n{measured.section()}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
