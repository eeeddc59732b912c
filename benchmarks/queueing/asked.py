"""The process of one contender's Django: does what `processes.Asked` asks of it.

Commands come as JSON lines on stdin, `[verb, …arguments]`; each is answered by one.
"""

import json
import logging
import sys

from benchmarks.queueing.contenders import CONTENDERS
from benchmarks.queueing.sending import Sender


def main(name: str, path: str) -> None:
    own = prepared(name, path)
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        print(json.dumps(getattr(own, verb)(*arguments)), flush=True)


def prepared(name: str, path: str) -> Sender:
    """With its tables; without the line that django-q2 logs for each message."""
    if CONTENDERS[name].undone:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        logging.disable(logging.INFO)
    if name != "ours":
        return Sender(name, path)
    from benchmarks.queueing.fleet import Fleet

    return Fleet(name, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
