"""The taxonomy in the admin: skills, versions, categories, facets, profiles, usage."""

from taxonomy.admin.category import CategoryAdmin
from taxonomy.admin.facet import FacetAdmin
from taxonomy.admin.profile import ProfileAdmin
from taxonomy.admin.skill import SkillAdmin
from taxonomy.admin.usage import UsageAdmin
from taxonomy.admin.version import SkillVersionAdmin

__all__ = [
    "CategoryAdmin",
    "FacetAdmin",
    "ProfileAdmin",
    "SkillAdmin",
    "SkillVersionAdmin",
    "UsageAdmin",
]
