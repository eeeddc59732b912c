"""The rights that this room's views ask for; the project's check denies the rest.

Which jobs and drafts a person sees at all is the QuerySets' to say (`visible_to`).
"""

SUBMIT = "jobs.add_job"
OPERATE = "jobs.operate_jobs"
PROMOTE = "jobs.promote_draft"
LOGGED_IN = None
"""Anyone who is logged in, over what is visible to them."""
