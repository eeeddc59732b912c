"""The taxonomy in the admin: skills, their versions, the tree of categories."""

from taxonomy.admin.category import CategoryAdmin
from taxonomy.admin.skill import SkillAdmin
from taxonomy.admin.version import SkillVersionAdmin

__all__ = ["CategoryAdmin", "SkillAdmin", "SkillVersionAdmin"]
