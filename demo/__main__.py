"""`make demo`: a document becomes a skill, by real requests to real servers.

Everything happens in a temporary folder; only the exported skill is kept.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from demo import servers, walkthrough
from demo.api import Api, Failed
from demo.document import Document, chosen

OWNER = "robin"
INTERRUPTED = 130


def main() -> int:
    arguments = parser().parse_args()
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))
    began = time.monotonic()
    try:
        exported = demonstrate(console, chosen(arguments.source, arguments.task))
    except Failed as reason:
        console.print(f"[bold red]The demo failed:[/bold red] {escape(str(reason))}")
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; everything is stopped.")
        return INTERRUPTED
    elapsed = time.monotonic() - began
    console.print(f"\nDone in {elapsed:.0f} s. The skill is in:\n{exported}")
    return 0


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="make demo", description=__doc__)
    for name, help_text in (
        ("source", "a Markdown document instead of the one that is shipped"),
        ("task", "what the skill is for, at least ten characters"),
    ):
        # make passes its variables on in the environment.
        default = os.environ.get(name.upper()) or None
        options.add_argument(f"--{name}", default=default, help=help_text)
    return options


def demonstrate(console: Console, document: Document) -> Path:
    """Run every step; return the folder of the exported skill."""
    folder = Path(tempfile.mkdtemp(prefix="skillfleet-demo-"))
    var = folder / "var"
    var.mkdir()
    try:
        env = servers.environment(var)
        token = set_up(console, env)
        name = serve_and_use(console, env, var, token, document)
        return export(console, env, folder / "skills", name)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(var, ignore_errors=True)


def set_up(console: Console, env: dict[str, str]) -> str:
    """A database with tables, categories and one person; return their token."""
    walkthrough.step(
        console, "Set-up: SQLite, the taxonomy's categories, a person, a token"
    )
    for command in servers.SET_UP:
        output = servers.manage(env, *command).strip().splitlines()
        last = f"  [dim]{escape(output[-1])}[/dim]" if output else ""
        console.print(f"[bold]manage.py {' '.join(command)}[/bold]{last}")
    servers.join(env)
    servers.make_person(OWNER, "author", "curator")
    token = servers.manage(env, "create_token", OWNER).strip()
    console.print(
        f"[bold]manage.py create_token {OWNER}[/bold]  [dim]{token[:6]}…[/dim]"
        f"  ({OWNER} is author and curator)"
    )
    return token


def serve_and_use(
    console: Console, env: dict[str, str], var: Path, token: str, document: Document
) -> str:
    address = f"127.0.0.1:{servers.free_port()}"
    with servers.running(env, address, var) as processes:
        try:
            servers.wait_until_ready(processes, address)
            pids = ", ".join(f"{each.name} {each.popen.pid}" for each in processes)
            console.print(f"Ready at http://{address} (processes: {pids})")
            api = Api(f"http://{address}", token, console)
            return walkthrough.run(api, console, document)
        except Failed as reason:
            logs = [f"{each.name}:\n{each.log_tail()}" for each in processes]
            raise Failed("\n".join([str(reason), *logs])) from reason


def export(console: Console, env: dict[str, str], folder: Path, name: str) -> Path:
    walkthrough.step(console, "The skill is exported as files")
    output = servers.manage(env, "export_skills", name, "--to", str(folder)).strip()
    console.print(
        f"[bold]manage.py export_skills {name} --to {folder}[/bold]\n{escape(output)}"
    )
    folders = [path.parent for path in folder.rglob("SKILL.md")]
    skill = next((path for path in folders if path.name == name), None)
    if skill is None:
        raise Failed(f"export_skills wrote no {name}/SKILL.md into {folder}")
    for file in sorted(path for path in skill.rglob("*") if path.is_file()):
        console.print(f"  {file.relative_to(folder)}  {file.stat().st_size} bytes")
    return skill


if __name__ == "__main__":
    sys.exit(main())
