"""Published skills and where they stand."""

from taxonomy.models.address import Address, FormerPath
from taxonomy.models.category import Category
from taxonomy.models.label import FacetDefinition, Label
from taxonomy.models.origin import Fleet, Origin
from taxonomy.models.profile import Profile
from taxonomy.models.relation import Relation
from taxonomy.models.skill import Skill
from taxonomy.models.usage import UsageCount, UsageDay, UsageEvent
from taxonomy.models.verdict import Verdict, Waiver
from taxonomy.models.version import Blob, Bundle, BundleFile, SkillVersion
from taxonomy.publishing import Published

__all__ = [
    "Address",
    "Blob",
    "Bundle",
    "BundleFile",
    "Category",
    "FacetDefinition",
    "Fleet",
    "FormerPath",
    "Label",
    "Origin",
    "Profile",
    "Published",
    "Relation",
    "Skill",
    "SkillVersion",
    "UsageCount",
    "UsageDay",
    "UsageEvent",
    "Verdict",
    "Waiver",
]
