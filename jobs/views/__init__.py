"""The API of jobs, the questions they ask, and the drafts they write."""

from jobs.views.skills import SkillCollection, SkillRefine

__all__ = ["SkillCollection", "SkillRefine"]
