"""`make chaos`: inject faults into the job engine, and report what they broke.

The exit code is 1 when the engine broke, or when too few faults were injected to tell.
"""

import argparse
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.chaos.output import Progress, show
from tests.chaos.plan import MUTANTS, SCENARIOS, Plan, Report
from tests.chaos.run import run_seed

INTERRUPTED = 130


def main() -> int:
    options = arguments()
    plans = list(plans_of(options))
    reports = [run(plan) for plan in plans]
    return summary(reports)


def plans_of(options: argparse.Namespace) -> Iterator[Plan]:
    """A plan for each scenario, database and seed; the two outages need PostgreSQL."""
    databases = ("postgres", "sqlite")
    if options.database != "both":
        databases = (options.database,)
    names = SCENARIOS if options.scenario == "all" else (options.scenario,)
    for name in sorted(names, key=("outage", "frozen", "random_faults").index):
        if name != "random_faults":
            if "postgres" in databases:
                yield Plan("postgres", options.first, 20, 0, options.mutant, name)
            continue
        for database in databases:
            most = 100 if database == "sqlite" else options.jobs
            for seed in range(options.first, options.first + options.seeds):
                jobs = min(options.jobs, most)
                yield Plan(database, seed, jobs, options.hits, options.mutant)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--first", type=int, default=1, help="the first one's seed")
    parser.add_argument("--jobs", type=int, default=60, help="on SQLite at most 100")
    parser.add_argument("--hits", type=int, default=44, help="kills and freezes a seed")
    parser.add_argument(
        "--database", choices=("postgres", "sqlite", "both"), default="both"
    )
    parser.add_argument("--scenario", choices=("all", *SCENARIOS), default="all")
    parser.add_argument("--mutant", choices=("", *MUTANTS), default="")
    return parser.parse_args()


def run(plan: Plan) -> Report:
    print(f"\n{plan.database}, {plan.scenario}, seed {plan.seed}", flush=True)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as fresh:
        report = fresh.submit(run_seed, plan, Progress()).result()
    show(report)
    return report


def summary(reports: list[Report]) -> int:
    """Print the totals; return the exit code."""
    faults = sum(len(report.faults) for report in reports)
    too_few = [r for r in reports if r.hits < r.plan.hits]
    jobs = sum((report.outcomes for report in reports), Counter[str]())
    print(
        f"\n{len(reports)} runs, {sum(r.hits for r in reports)} kills and freezes, "
        f"{jobs.total()} jobs, {faults} faults"
    )
    for report in too_few:
        print(f"seed {report.plan.seed}: only {report.hits} kills and freezes")
    return 1 if faults or too_few else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
