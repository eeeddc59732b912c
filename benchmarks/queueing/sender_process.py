"""The process that sends the tasks of a contender.

Commands come as JSON lines on stdin, `[verb, …arguments]`; each is answered by a line.
"""

import json
import logging
import sys

from benchmarks.queueing.contenders import CONTENDERS
from benchmarks.queueing.sender import Sender


def main(name: str, path: str) -> None:
    own = prepared(name, path)
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        print(json.dumps(getattr(own, verb)(*arguments)), flush=True)


def prepared(name: str, path: str) -> Sender:
    """Set up Django, create the tables, and silence django-q2's logging."""
    if CONTENDERS[name].undone:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        logging.disable(logging.INFO)
    if name != "ours":
        return Sender(name, path)
    from benchmarks.queueing.project import ProjectSender

    return ProjectSender(name, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
