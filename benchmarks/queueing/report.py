"""The parts of the report: each one measures and returns its lines."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import quantiles

from benchmarks.page import digits, duration, table, times
from benchmarks.queueing import aims
from benchmarks.queueing.contenders import CONTENDERS
from benchmarks.queueing.scale import FINISHED_ALONE, LIVE, Scale
from benchmarks.queueing.setups import Figures, Servers, Setup
from benchmarks.rounds import (
    Seconds,
    interleaved,
    median,
    ratio,
    rounds_within,
    shuffled,
)

Part = Callable[[Servers, Scale], list[str]]
OURS = "ours"
CAVEAT = f"""{LIVE} jobs that wait for an answer are there each time, so that every
list has the same full page, however many jobs have finished. The last column compares
the time with the most finished jobs to the time with none. Operations that list only
finished jobs have nothing to list then, and are compared with a thousand:
{", ".join(FINISHED_ALONE)}."""


def beside_peers(servers: Servers, scale: Scale) -> list[str]:
    results = rounds_of(servers, scale, list(CONTENDERS))
    heading = "### One worker, nothing done before"
    return [heading, *figures_table(results), *aims.of_queues(results)]


def after_many(servers: Servers, scale: Scale) -> list[str]:
    """Measure with the number of finished tasks, or jobs of ours, in the scale."""
    names = [name for name in CONTENDERS if CONTENDERS[name].finished or name == OURS]
    count = scale.finished[-1]
    for name in names:
        servers.setups[name].sender.ask("finish", count)
    fewer = replace(scale, rounds=scale.few_rounds, peers_within=scale.finished_within)
    results = rounds_of(servers, fewer, names)
    heading = f"### One worker, {count:,} done before and kept"
    return [heading, *figures_table(results)]


def rounds_of(servers: Servers, scale: Scale, names: list[str]) -> dict[str, Figures]:
    results = {name: Figures() for name in names}
    for each in rounds_within(scale.peers_within, scale.rounds):
        for name in shuffled(results, each):
            servers.setups[name].measure(1, scale, results[name])
    return results


def figures_table(results: dict[str, Figures]) -> list[str]:
    """The table of results. A ratio is the median of the ratios of the rounds."""
    ours = results[OURS]
    rows = []
    for name, theirs in results.items():
        mine = name == OURS
        rows.append(
            (
                CONTENDERS[name].label,
                duration(median(theirs.latencies), ours=mine),
                duration(percentile(theirs.latencies, 99), ours=mine),
                "" if mine else times(ratio(theirs.medians, ours.medians)),
                digits(median(theirs.rates), 3, up=not mine),
                "" if mine else times(ratio(ours.rates, theirs.rates)),
                f"{100 * median(theirs.idle):.1f} %",
            )
        )
    head = ("", "idle p50", "p99", "", "no-op tasks/s", "", "CPU when idle")
    return table(head, rows)


def percentile(figures: Seconds, which: int) -> float:
    """A percentile that is one of the measurements: of two neighbours the upper one."""
    return quantiles(figures, n=100, method="inclusive")[which - 1]


def more_workers(servers: Servers, scale: Scale) -> list[str]:
    """No-op tasks of all contenders, then whole jobs of ours, by number of workers."""
    contenders = {
        f"{name} {number}": partial(servers.setups[name].rate, number, scale)
        for name in CONTENDERS
        for number in scale.worker_counts
    }
    results = interleaved(contenders, scale.few_rounds, scale.workers_within)
    rows = [
        (
            CONTENDERS[name].label,
            *(
                digits(median(results[f"{name} {number}"]), 3, up=name != OURS)
                for number in scale.worker_counts
            ),
        )
        for name in CONTENDERS
    ]
    head = ("no-op tasks/s", *(f"{number} workers" for number in scale.worker_counts))
    lines = ["### More workers", *table(head, rows)]
    return [*lines, *whole_jobs(servers, scale)]


def whole_jobs(servers: Servers, scale: Scale) -> list[str]:
    setup = servers.setups[OURS]
    setup.sender.ask("people")
    rates = interleaved(
        {
            str(number): partial(setup.job_rate, number, scale.jobs)
            for number in (1, *scale.worker_counts)
        },
        scale.few_rounds,
        scale.workers_within,
    )
    head = ("", "1 worker", *(f"{number} workers" for number in scale.worker_counts))
    cells = (digits(median(results), 3, up=False) for results in rates.values())
    return table(head, [("whole jobs of ours/s", *cells)])


def large_tables(servers: Servers, scale: Scale) -> list[str]:
    setups = [ours_with(count, servers) for count in scale.finished]
    results: dict[str, dict[str, Seconds]] = {}
    for each in rounds_within(scale.tables_within, scale.rounds):
        for title in shuffled({setup.title: setup for setup in setups}, each):
            sender = servers.setups[title].sender
            for name, seconds in sender.ask("operations", scale.calls).items():
                results.setdefault(name, {}).setdefault(title, []).append(seconds)
    rows, grown = [], {}
    for name, by_title in results.items():
        none, thousand, *_, largest = (by_title[setup.title] for setup in setups)
        figures = (duration(median(by_title[s.title]), ours=True) for s in setups)
        grown[name] = ratio(largest, thousand if name in FINISHED_ALONE else none)
        rows.append((name, *figures, digits(grown[name], 3, up=True)))
    head = ("", *(f"{count:,} finished" for count in scale.finished), "times")
    return [
        "### What finished jobs cost those who look",
        "",
        CAVEAT,
        *table(head, rows),
        *aims.of_tables(grown),
    ]


def ours_with(count: int, servers: Servers) -> Setup:
    title = f"ours-{count}"
    setup = servers.open(Setup(OURS, servers, title))
    setup.sender.ask("people")
    setup.sender.ask("finish", count)
    return setup


PARTS: dict[str, Part] = {
    "peers": beside_peers,
    "workers": more_workers,
    "finished": after_many,
    "tables": large_tables,
}
