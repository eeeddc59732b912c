"""Verdicts for skills that were published before verdicts were kept."""

import logging
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError

from taxonomy.models import Skill

logger = logging.getLogger(__name__)


def judge_the_unjudged(using: str, **_: Any) -> None:
    """Receiver of post_migrate: each skill by itself, so that who stops it loses
    nothing; the next `migrate` goes on."""
    if using != DEFAULT_DB_ALIAS:
        return
    try:
        skills = Skill.objects.filter(verdict=None).order_by("pk")
        waiting = list(skills.values_list("pk", flat=True))
        for key in waiting:
            Skill.objects.select_related("current").get(pk=key).judge()
    except DatabaseError as error:  # migrated to a state of before
        logger.warning("skills not judged error=%s", error)
    else:
        if waiting:
            logger.info("skills judged skills=%s", len(waiting))
