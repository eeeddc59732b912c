"""Published skills and where they stand."""

from taxonomy.models.address import Address
from taxonomy.models.bundle import Blob, Bundle, BundleFile
from taxonomy.models.category import Category
from taxonomy.models.facet import FacetDefinition
from taxonomy.models.fleet import Fleet
from taxonomy.models.label import Label
from taxonomy.models.origin import Origin
from taxonomy.models.place import FormerPlace
from taxonomy.models.profile import Profile
from taxonomy.models.publishing import Published
from taxonomy.models.relation import Relation
from taxonomy.models.skill import Skill
from taxonomy.models.usage import UsageCount, UsageDay, UsageEvent
from taxonomy.models.verdict import Verdict
from taxonomy.models.version import SkillVersion
from taxonomy.models.waiver import Waiver

__all__ = [
    "Address",
    "Blob",
    "Bundle",
    "BundleFile",
    "Category",
    "FacetDefinition",
    "Fleet",
    "FormerPlace",
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
