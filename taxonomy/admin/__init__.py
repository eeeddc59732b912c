"""Admin pages of skills, versions, categories, facets, profiles and usage."""

from taxonomy.admin.category import CategoryAdmin, FacetAdmin
from taxonomy.admin.profile import ProfileAdmin
from taxonomy.admin.skill import SkillAdmin, SkillVersionAdmin
from taxonomy.admin.usage import UsageAdmin

__all__ = [
    "CategoryAdmin",
    "FacetAdmin",
    "ProfileAdmin",
    "SkillAdmin",
    "SkillVersionAdmin",
    "UsageAdmin",
]
