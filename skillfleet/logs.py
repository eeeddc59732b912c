"""Log lines as JSON: the key=value pairs of a message become fields."""

import logging
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter

PAIR = re.compile(r"\b([a-z_]+)=([^\s,;]+)")


class FieldsFormatter(JsonFormatter):
    """`claimed job_id=7 phase=refine` also has job_id and phase, to search by."""

    def __init__(self) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp=True,
        )

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        for key, value in PAIR.findall(record.getMessage()):
            log_data.setdefault(key, value)
