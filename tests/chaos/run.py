"""One seed: a database, the processes on it, and a report of what the faults broke."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import processes
from tests.chaos.database_faults import Database, Postgres, SQLite
from tests.chaos.plan import Plan, Report
from tests.chaos.processes import ROOT
from tests.servers.postgres import end_with_parent

USERS = 6
FOREIGN = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_", "SKILLFLEET_")
Show = Callable[[str], None]


@contextmanager
def database_of(plan: Plan, folder: Path) -> Iterator[Database]:
    kind = Postgres if plan.database == "postgres" else SQLite
    database: Database = kind(folder, plan.lease)
    try:
        yield database
    finally:
        database.close()


def run_seed(plan: Plan, show: Show) -> Report:
    """Call this in an interpreter of its own: it sets up Django for this database."""
    end_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="skillfleet-chaos-"))
    (folder / "traps").mkdir()
    report = Report(plan)
    began = time.monotonic()
    with database_of(plan, folder) as database:
        env = environment(folder, database.url, plan)
        show("making the database")
        tokens = prepare(env)
        from tests.chaos.campaign import Campaign

        campaign = Campaign(plan, folder, env, database, tokens)
        try:
            campaign.run(report, show)
        finally:
            campaign.clear()
    report.seconds = time.monotonic() - began
    if report.faults:
        report.folder = folder
    else:
        shutil.rmtree(folder)
    return report


def prepare(env: dict[str, str]) -> list[str]:
    """Create tables, categories and people; return the people's tokens."""
    for command in (["migrate"], ["seed_taxonomy"]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=env,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    os.environ.update({name: v for name, v in env.items() if name != processes.MARK})
    import django

    django.setup()
    from django.contrib.auth.models import Group, User
    from knox.models import get_token_model

    authors = Group.objects.get(name="author")
    tokens = []
    for number in range(USERS):
        person = User.objects.create_user(f"person-{number}")
        person.groups.add(authors)
        tokens.append(get_token_model().objects.create(person)[1])
    return tokens


def environment(folder: Path, database_url: str, plan: Plan) -> dict[str, str]:
    inherited = {
        name: v for name, v in os.environ.items() if not name.startswith(FOREIGN)
    }
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
        "DATABASE_URL": database_url,
        "REDIS_URL": "",
        "SECRET_KEY": secrets.token_hex(32),
        "SKILLFLEET_VAR_DIR": str(folder / "var"),
        "SKILLFLEET_AUTHOR": "tests.chaos.author.ChaosAuthor",
        "SKILLFLEET_JOB_LEASE": str(plan.lease),
        "SKILLFLEET_SWEEP_INTERVAL": "1",
        "SKILLFLEET_MESSAGE_LOST_AFTER": str(plan.lease),
        "SKILLFLEET_IDLE_TRANSACTION": str(plan.lease),
        "SKILLFLEET_JOB_CRASHES": "8",
        "SKILLFLEET_WRITE_RATE": "",
        "CHAOS_CALLS": str(folder / "calls.jsonl"),
        "CHAOS_TRAPS": str(folder / "traps"),
        "CHAOS_MUTANT": plan.mutant,
        processes.MARK: folder.name,
        "PYTHONUNBUFFERED": "1",
    }
