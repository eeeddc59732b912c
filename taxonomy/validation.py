"""Verdicts for skills that were published before these rules, or before any."""

import logging
import time
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError

from taxonomy.models import Skill
from taxonomy.models.skill import SkillQuerySet
from taxonomy.skillmd.rule_set import current_rule_sets

logger = logging.getLogger(__name__)
AT_A_TIME, SECONDS_AT_A_TIME = 1000, 5.0
"""Who judges in between has other chores, and a scan may take a second."""


def due() -> SkillQuerySet:
    """Skills that today's rules have not judged, archived ones too."""
    skills: SkillQuerySet = Skill.objects.exclude(
        verdict__rules__in=current_rule_sets()
    )
    return skills


def validate_due() -> bool:
    """Judge some of those that are due. True: call again soon, there are more."""
    until = time.monotonic() + SECONDS_AT_A_TIME
    judged = failed = 0
    for key in list(due().order_by("pk").values_list("pk", flat=True)[:AT_A_TIME]):
        try:
            Skill.objects.select_related("current").get(pk=key).validate()
            judged += 1
        except DatabaseError:
            raise
        except Exception:  # the next ones are to be judged all the same
            logger.exception("skill not judged skill=%s", key)
            failed += 1
        if time.monotonic() > until:
            break
    if judged:
        logger.info("skills judged by today's rules skills=%s", judged)
    return judged > 0 and due().count() > failed


def validate_new(using: str, **_: Any) -> None:
    """Receiver of post_migrate: each skill by itself, so that who stops it loses
    nothing; the next `migrate` goes on."""
    if using != DEFAULT_DB_ALIAS:
        return
    try:
        skills = Skill.objects.filter(verdict=None).order_by("pk")
        waiting = list(skills.values_list("pk", flat=True))
        for key in waiting:
            Skill.objects.select_related("current").get(pk=key).validate()
    except DatabaseError as error:  # migrated to a state of before
        logger.warning("skills not judged error=%s", error)
    else:
        if waiting:
            logger.info("skills judged skills=%s", len(waiting))
