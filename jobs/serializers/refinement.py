"""What `POST /skills/{ref}/refine` takes."""

from django.conf import settings
from django.contrib.auth.models import User

from core.serializers import BoundedList, TextField
from jobs.models import Job
from jobs.refinement import MAX_FOCUS_AREAS, MAX_FOCUS_CHARS, create_refinement_job
from jobs.serializers.submission import OrderSerializer
from taxonomy.models import Skill


class RefinementSerializer(OrderSerializer):
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
