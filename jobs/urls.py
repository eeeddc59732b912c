"""The URLs of jobs below /api/v1; none ends in a slash.

They are included before those of taxonomy, because the view of `/skills` here adds
`POST` to taxonomy's view.
"""

from django.urls import path

from jobs.api.drafts import (
    DraftDetail,
    DraftFile,
    DraftList,
    DraftPromote,
    DraftReject,
    DraftWaiverDetail,
    DraftWaiverList,
)
from jobs.api.hitl import Answer, Config, Prompt
from jobs.api.jobs import JobCancel, JobDetail, JobHistory, JobList, JobRetry, JobStatus
from jobs.api.monitoring import JobStatistics, PendingJobs, StuckJobs, Workers
from jobs.api.skills import SkillCollection, SkillRefine
from jobs.api.webhooks import (
    WebhookDeliveries,
    WebhookDetail,
    WebhookList,
    WebhookRedeliver,
    WebhookTest,
)

urlpatterns = [
    path("skills", SkillCollection.as_view()),
    path("skills/<str:ref>/refine", SkillRefine.as_view()),
    path("jobs", JobList.as_view()),
    path("jobs/pending", PendingJobs.as_view()),
    path("jobs/stats", JobStatistics.as_view()),
    path("jobs/stuck", StuckJobs.as_view()),
    path("workers", Workers.as_view()),
    path("jobs/<uuid:job_id>", JobDetail.as_view(), name="job"),
    path("jobs/<uuid:job_id>/status", JobStatus.as_view()),
    path("jobs/<uuid:job_id>/events", JobHistory.as_view()),
    path("jobs/<uuid:job_id>/cancel", JobCancel.as_view()),
    path("jobs/<uuid:job_id>/retry", JobRetry.as_view()),
    path("hitl/config", Config.as_view()),
    path("hitl/<uuid:job_id>/prompt", Prompt.as_view()),
    path("hitl/<uuid:job_id>/response", Answer.as_view()),
    path("drafts", DraftList.as_view()),
    path("drafts/<uuid:job_id>", DraftDetail.as_view()),
    path("drafts/<uuid:job_id>/files/<path:path>", DraftFile.as_view()),
    path("drafts/<uuid:job_id>/promote", DraftPromote.as_view()),
    path("drafts/<uuid:job_id>/reject", DraftReject.as_view()),
    path("drafts/<uuid:job_id>/waivers", DraftWaiverList.as_view()),
    path("drafts/<uuid:job_id>/waivers/<int:waiver_id>", DraftWaiverDetail.as_view()),
    path("webhooks", WebhookList.as_view()),
    path("webhooks/<uuid:webhook_id>", WebhookDetail.as_view()),
    path("webhooks/<uuid:webhook_id>/test", WebhookTest.as_view()),
    path("webhooks/<uuid:webhook_id>/deliveries", WebhookDeliveries.as_view()),
    path(
        "webhooks/<uuid:webhook_id>/deliveries/<int:delivery_id>/redeliver",
        WebhookRedeliver.as_view(),
    ),
]
