"""The room's addresses below /api/v1; none ends in a slash."""

from django.urls import path

from taxonomy.views.available import AvailableSkills
from taxonomy.views.categories import Branch, Merge, Taxonomy
from taxonomy.views.download import Download
from taxonomy.views.files import FileContent, FileList
from taxonomy.views.history import Deprecation, Diff, Rollback, Yank
from taxonomy.views.importing import SkillImport
from taxonomy.views.labels import Facet, Facets, Labels
from taxonomy.views.profiles import AdaptedTaxonomy, Adaption
from taxonomy.views.quality import QualityAssessment, QualityFix, QualityValidation
from taxonomy.views.relations import Relations
from taxonomy.views.skills import SkillDetail, SkillList
from taxonomy.views.usage import Analytics, Recommendations, Usage
from taxonomy.views.validation import SkillValidation, Validation
from taxonomy.views.versions import VersionDetail, VersionList
from taxonomy.views.waivers import WaiverDetail, WaiverList

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
