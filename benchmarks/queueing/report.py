"""The parts of the page: each measures, and returns its lines."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import quantiles

from benchmarks.page import digits, duration, table, times
from benchmarks.queueing import aims
from benchmarks.queueing.contenders import CONTENDERS
from benchmarks.queueing.scale import FINISHED_ALONE, LIVE, Scale
from benchmarks.queueing.stage import Figures, Stage, Theatre
from benchmarks.rounds import (
    Seconds,
    interleaved,
    median,
    ratio,
    rounds_within,
    shuffled,
)

Part = Callable[[Theatre, Scale], list[str]]
OURS = "ours"
CAVEAT = f"""{LIVE} jobs that wait for an answer are there each time, so that every
list has the same full page, whatever has finished. The last column says how many
times as long it takes with the most finished jobs as with none. What lists finished
jobs alone has nothing to show then, and is compared with a thousand:
{", ".join(FINISHED_ALONE)}."""


def beside_peers(theatre: Theatre, scale: Scale) -> list[str]:
    found = rounds_of(theatre, scale, list(CONTENDERS))
    heading = "### One worker, nothing done before"
    return [heading, *figures_table(found), *aims.of_queues(found)]


def after_many(theatre: Theatre, scale: Scale) -> list[str]:
    """The same with as many finished tasks, or for us jobs, as the scale has."""
    names = [name for name in CONTENDERS if CONTENDERS[name].finished or name == OURS]
    count = scale.finished[-1]
    for name in names:
        theatre.stages[name].sender.ask("finish", count)
    fewer = replace(scale, rounds=scale.few_rounds, peers_within=scale.finished_within)
    found = rounds_of(theatre, fewer, names)
    heading = f"### One worker, {count:,} done before and kept"
    return [heading, *figures_table(found)]


def rounds_of(theatre: Theatre, scale: Scale, names: list[str]) -> dict[str, Figures]:
    found = {name: Figures() for name in names}
    for each in rounds_within(scale.peers_within, scale.rounds):
        for name in shuffled(found, each):
            theatre.stages[name].measure(1, scale, found[name])
    return found


def figures_table(found: dict[str, Figures]) -> list[str]:
    """A ratio says how many times better ours is, round by round."""
    ours = found[OURS]
    rows = []
    for name, theirs in found.items():
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
    """Of the figures themselves, not between two: the upper one."""
    return quantiles(figures, n=100, method="inclusive")[which - 1]


def more_workers(theatre: Theatre, scale: Scale) -> list[str]:
    """No-op tasks of everybody, then whole jobs of ours, with one worker as well."""
    contenders = {
        f"{name} {number}": partial(theatre.stages[name].rate, number, scale)
        for name in CONTENDERS
        for number in scale.worker_counts
    }
    found = interleaved(contenders, scale.few_rounds, scale.workers_within)
    rows = [
        (
            CONTENDERS[name].label,
            *(
                digits(median(found[f"{name} {number}"]), 3, up=name != OURS)
                for number in scale.worker_counts
            ),
        )
        for name in CONTENDERS
    ]
    head = ("no-op tasks/s", *(f"{number} workers" for number in scale.worker_counts))
    lines = ["### More workers", *table(head, rows)]
    return [*lines, *whole_jobs(theatre, scale)]


def whole_jobs(theatre: Theatre, scale: Scale) -> list[str]:
    stage = theatre.stages[OURS]
    stage.sender.ask("people")
    rates = interleaved(
        {
            str(number): partial(stage.job_rate, number, scale.jobs)
            for number in (1, *scale.worker_counts)
        },
        scale.few_rounds,
        scale.workers_within,
    )
    head = ("", "1 worker", *(f"{number} workers" for number in scale.worker_counts))
    shown = (digits(median(found), 3, up=False) for found in rates.values())
    return table(head, [("whole jobs of ours/s", *shown)])


def large_tables(theatre: Theatre, scale: Scale) -> list[str]:
    stages = [ours_with(count, theatre) for count in scale.finished]
    found: dict[str, dict[str, Seconds]] = {}
    for each in rounds_within(scale.tables_within, scale.rounds):
        for title in shuffled({stage.title: stage for stage in stages}, each):
            sender = theatre.stages[title].sender
            for name, seconds in sender.ask("operations", scale.calls).items():
                found.setdefault(name, {}).setdefault(title, []).append(seconds)
    rows, grown = [], {}
    for name, by_title in found.items():
        none, thousand, *_, largest = (by_title[stage.title] for stage in stages)
        figures = (duration(median(by_title[s.title]), ours=True) for s in stages)
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


def ours_with(count: int, theatre: Theatre) -> Stage:
    title = f"ours-{count}"
    stage = theatre.open(Stage(OURS, theatre, title))
    stage.sender.ask("people")
    stage.sender.ask("finish", count)
    return stage


PARTS: dict[str, Part] = {
    "peers": beside_peers,
    "workers": more_workers,
    "finished": after_many,
    "tables": large_tables,
}
