"""Verdicts for skills that have none, or one by the rules of an older release."""

import logging
import time
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError

from taxonomy.models import Skill
from taxonomy.models.skill import SkillQuerySet
from taxonomy.skillmd.rule_set import current_rule_sets

logger = logging.getLogger(__name__)
BATCH_SIZE, BATCH_SECONDS = 1000, 5.0
"""The bounds of one batch: its caller has other chores, and a scan takes up to 1 s."""


def outdated_skills() -> SkillQuerySet:
    """Skills without a verdict by the current rules, archived ones too."""
    skills: SkillQuerySet = Skill.objects.exclude(
        verdict__rules__in=current_rule_sets()
    )
    return skills


def revalidate_outdated() -> bool:
    """Validate a batch of outdated skills. True: there are more, call again soon."""
    deadline = time.monotonic() + BATCH_SECONDS
    validated = failed = 0
    skills = outdated_skills().order_by("pk")
    for key in list(skills.values_list("pk", flat=True)[:BATCH_SIZE]):
        try:
            Skill.objects.select_related("current").get(pk=key).validate()
            validated += 1
        except DatabaseError:
            raise
        except Exception:  # one skill must not keep the others from being validated
            logger.exception("skill not validated skill=%s", key)
            failed += 1
        if time.monotonic() > deadline:
            break
    if validated:
        logger.info("skills validated by the current rules skills=%s", validated)
    # Skills that failed stay outdated; they alone are no reason to call again soon.
    return validated > 0 and outdated_skills().count() > failed


def validate_missing(using: str, **_: Any) -> None:
    """Validate the skills that have no verdict; a receiver of post_migrate.

    Each skill has its own transaction: after an interruption the next `migrate`
    continues with the rest.
    """
    if using != DEFAULT_DB_ALIAS:
        return
    try:
        skills = Skill.objects.filter(verdict=None).order_by("pk")
        keys = list(skills.values_list("pk", flat=True))
        for key in keys:
            Skill.objects.select_related("current").get(pk=key).validate()
    except DatabaseError as error:  # migrated backwards, to a schema without verdicts
        logger.warning("skills not validated error=%s", error)
    else:
        if keys:
            logger.info("skills validated skills=%s", len(keys))
