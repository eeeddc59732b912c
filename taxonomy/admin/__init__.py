"""The taxonomy in the admin: skills, versions, categories, profiles, usage."""

from taxonomy.admin.category import CategoryAdmin
from taxonomy.admin.profile import ProfileAdmin
from taxonomy.admin.skill import SkillAdmin
from taxonomy.admin.usage import UsageAdmin
from taxonomy.admin.version import SkillVersionAdmin

__all__ = [
    "CategoryAdmin",
    "ProfileAdmin",
    "SkillAdmin",
    "SkillVersionAdmin",
    "UsageAdmin",
]
