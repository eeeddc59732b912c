"""URL paths below /api/v1; none ends in a slash."""

from django.urls import path

from taxonomy.api.available import AvailableSkills
from taxonomy.api.categories import Branch, Merge, Taxonomy
from taxonomy.api.files import Download, FileContent, FileList
from taxonomy.api.imports import SkillImport
from taxonomy.api.labels import Facet, Facets, Labels
from taxonomy.api.profiles import AdaptedTaxonomy, Adaption
from taxonomy.api.quality import (
    QualityAssessment,
    QualityFix,
    QualityValidation,
    SkillValidation,
    Validation,
)
from taxonomy.api.relations import Relations
from taxonomy.api.skills import SkillDetail, SkillList
from taxonomy.api.usage import Analytics, Recommendations, Usage
from taxonomy.api.versions import (
    Deprecation,
    Diff,
    Rollback,
    VersionDetail,
    VersionList,
    Yank,
)
from taxonomy.api.waivers import WaiverDetail, WaiverList

urlpatterns = [
    path("analytics", Analytics.as_view()),
    path("analytics/recommendations", Recommendations.as_view()),
    path("facets", Facets.as_view()),
    path("facets/<str:name>", Facet.as_view()),
    path("skills", SkillList.as_view()),
    path("skills/import", SkillImport.as_view()),
    path("skills/validate", Validation.as_view()),
    path("skills/<str:ref>", SkillDetail.as_view()),
    path("skills/<str:ref>/deprecate", Deprecation.as_view()),
    path("skills/<str:ref>/diff", Diff.as_view()),
    path("skills/<str:ref>/download", Download.as_view()),
    path("skills/<str:ref>/files", FileList.as_view()),
    path("skills/<str:ref>/files/<path:path>", FileContent.as_view()),
    path("skills/<str:ref>/labels", Labels.as_view()),
    path("skills/<str:ref>/relations", Relations.as_view()),
    path("skills/<str:ref>/rollback", Rollback.as_view()),
    path("skills/<str:ref>/validate", SkillValidation.as_view()),
    path("skills/<str:ref>/waivers", WaiverList.as_view()),
    path("skills/<str:ref>/waivers/<int:waiver_id>", WaiverDetail.as_view()),
    path("skills/<str:ref>/versions", VersionList.as_view()),
    path("skills/<str:ref>/versions/<str:number>", VersionDetail.as_view()),
    path("skills/<str:ref>/versions/<str:number>/yank", Yank.as_view()),
    path("quality/validate", QualityValidation.as_view()),
    path("quality/assess", QualityAssessment.as_view()),
    path("quality/fix", QualityFix.as_view()),
    path("taxonomy", Taxonomy.as_view()),
    path("taxonomy/xml", AvailableSkills.as_view()),
    path("taxonomy/user/<str:id>", AdaptedTaxonomy.as_view()),
    path("taxonomy/user/<str:id>/adapt", Adaption.as_view()),
    path("taxonomy/<path:path>/merge", Merge.as_view()),
    path("taxonomy/<path:path>", Branch.as_view()),
    path("usage", Usage.as_view()),
]
