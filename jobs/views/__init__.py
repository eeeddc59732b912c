"""The API of jobs, the questions they ask, and the drafts they write."""

from jobs.views.skills import SkillCollection

__all__ = ["SkillCollection"]
