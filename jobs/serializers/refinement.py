"""What `POST /skills/{ref}/refine` takes."""

from django.conf import settings
from django.contrib.auth.models import User
from rest_framework import serializers

from jobs.models import Job
from jobs.pipeline.phases import CHECKPOINTS
from jobs.refinement import MAX_FOCUS_AREAS, MAX_FOCUS_CHARS, create_refinement_job
from jobs.serializers.fields import FlagField
from jobs.serializers.submission import IDEMPOTENCY_HEADER, KEY_CHARS
from taxonomy.models import Skill
from taxonomy.serializers.strict import BoundedList, StrictSerializer, TextField


class RefinementSerializer(StrictSerializer):
    """What should be different in the next version."""

    feedback = TextField(
        trim_whitespace=True, max_length=settings.SKILLFLEET_MAX_TASK_CHARS
    )
    focus_areas = BoundedList(
        most=MAX_FOCUS_AREAS,
        child=TextField(trim_whitespace=True, max_length=MAX_FOCUS_CHARS),
        required=False,
        default=list,
        help_text="Headings of parts that it is about, there already or not.",
    )
    checkpoints = BoundedList(
        most=len(CHECKPOINTS),
        child=serializers.ChoiceField(CHECKPOINTS),
        required=False,
        default=list,
        help_text="Where the job shall stop and ask, besides where it must.",
    )
    auto_promote = FlagField(required=False, default=False)
    idempotency_key = TextField(
        required=False,
        max_length=KEY_CHARS,
        help_text=f"Or the header {IDEMPOTENCY_HEADER}. Used again, it answers with"
        " the job of the first time.",
    )

    def submit(self, user: User, skill: Skill) -> Job:
        wanted = self.validated_data
        return create_refinement_job(
            user,
            skill,
            wanted["feedback"],
            focus_areas=wanted["focus_areas"],
            options={
                "auto_promote": wanted["auto_promote"],
                "checkpoints": list(dict.fromkeys(wanted["checkpoints"])),
            },
            idempotency_key=wanted.get("idempotency_key"),
        )
