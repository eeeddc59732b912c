"""`POST /skills/import`: many skills in one request, as JSON or in an archive."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, ClassVar, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.json_values import check_json
from core.serializers import FlagField, StrictSerializer, TextField
from taxonomy.api.files import FilesField
from taxonomy.exceptions import NothingToImport, TooManySkills
from taxonomy.files.gate import SourceRefused
from taxonomy.files.sources import EntrySource, open_archive, uploaded_files
from taxonomy.importing.importer import Importer, ImportOptions, OnConflict
from taxonomy.importing.report import Action, Report, sanitized
from taxonomy.limits import source_limits
from taxonomy.models import Category, Origin
from taxonomy.models.address import MAX_PATH_CHARS
from taxonomy.permissions import PUBLISH_SKILLS

ARCHIVE = "archive"
FLAGS = ("lenient", "dry_run", "prune")


class ManyFilesField(FilesField):
    """The files of many skills, each in its folder: `pdf-tools/SKILL.md` → text."""

    def most_files(self) -> int:
        return int(settings.SKILLFLEET_IMPORT_ENTRIES)


class ImportSerializer(StrictSerializer):
    """Files and options; the command `import_skills` has the same options."""

    files = ManyFilesField()
    source = TextField(  # type: ignore[assignment]  # of Field, unused
        required=False,
        allow_blank=True,
        default="",
        max_length=Origin.MOST_CHARS,
        help_text="Identifies the source in later imports; needed for pruning.",
    )
    category = TextField(required=False, max_length=MAX_PATH_CHARS)
    on_conflict = serializers.ChoiceField(
        [str(choice) for choice in OnConflict], default=str(OnConflict.VERSION)
    )
    lenient = FlagField(default=False)
    dry_run = FlagField(default=False)
    prune = FlagField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["prune"] and not attrs["source"]:
            message = "Name the source: only skills that came from it are archived."
            raise serializers.ValidationError({"source": [message]})
        return attrs

    def import_skills(self, author: User) -> Report:
        """Raises NothingToImport, TooManySkills or UnknownCategory."""
        requested = self.validated_data
        options = ImportOptions(
            origin=requested["source"],
            category=Category.objects.named(path)
            if (path := requested.get("category"))
            else None,
            lenient=requested["lenient"],
            dry_run=requested["dry_run"],
            on_conflict=OnConflict(requested["on_conflict"]),
            prune=requested["prune"],
            author=author,
            most_seconds=settings.SKILLFLEET_IMPORT_SECONDS,
        )
        with self.open_source() as source:
            limit = settings.SKILLFLEET_IMPORT_SKILLS
            if len(source.folders) > limit:
                raise TooManySkills(f"{len(source.folders)} skills, at most {limit}.")
            importer = Importer(source, options)
            outcomes = list(importer.run())
        notes = [importer.stopped] if importer.stopped else []
        return Report(options.origin, options.dry_run, outcomes, notes=notes)

    @contextmanager
    def open_source(self) -> Iterator[EntrySource]:
        with source_errors_for("files"):
            source = uploaded_files(self.validated_data["files"], source_limits())
        yield source


class ImportFormSerializer(ImportSerializer):
    """The same as a form, with an archive."""

    files = None  # type: ignore[assignment]  # removes the inherited field
    archive = serializers.FileField(help_text="A zip, tar, tar.gz or tar.bz2.")

    @contextmanager
    def open_source(self) -> Iterator[EntrySource]:
        upload = cast(IO[bytes], self.validated_data[ARCHIVE].file)
        with (
            source_errors_for(ARCHIVE),
            open_archive(upload, source_limits()) as source,
        ):
            yield source


@contextmanager
def source_errors_for(field: str) -> Iterator[None]:
    """Raise NothingToImport for the field instead of SourceRefused."""
    try:
        yield
    except SourceRefused as error:
        raise NothingToImport(**{field: sanitized(str(error))}) from None


def import_serializer(request: Request) -> ImportSerializer:
    """The serializer for a JSON request or a form, not validated yet."""
    if not request.content_type.startswith("multipart/"):
        return ImportSerializer(data=request.data)
    refuse_repeated(request.POST, request.FILES)
    fields: dict[str, Any] = dict(request.POST.items())
    check_json(fields)
    for name in FLAGS:
        fields[name] = {"true": True, "false": False}.get(
            fields.get(name, "false"), fields.get(name)
        )
    return ImportFormSerializer(data={**fields, **request.FILES.dict()})


def refuse_repeated(*forms: MultiValueDict[str, Any]) -> None:
    """Raise ValidationError for a part that is sent more than once.

    Django would silently drop all but the last one.
    """
    parts = Counter(
        name for form in forms for name, values in form.lists() for _ in values
    )
    if repeated := sorted(name for name, times in parts.items() if times > 1):
        message = "Sent more than once. Send one part, or several requests."
        raise serializers.ValidationError({name[:80]: [message] for name in repeated})


class OutcomeSerializer(serializers.Serializer[Any]):
    path = serializers.CharField(
        help_text="The folder within the files or the archive."
    )
    name = serializers.CharField()
    action = serializers.ChoiceField([str(action) for action in Action])
    version = serializers.CharField()
    category = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField())


class ImportReportSerializer(serializers.Serializer[Any]):
    """Describes `Report.as_json` in the OpenAPI schema."""

    source = serializers.CharField()  # type: ignore[assignment]
    dry_run = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="Remarks on the import as a whole."
    )
    skills = OutcomeSerializer(many=True)


class SkillImport(APIView):
    """POST /skills/import"""

    parser_classes = (*APIView.parser_classes, MultiPartParser)
    required_permissions: ClassVar[dict[str, str | None]] = {"POST": PUBLISH_SKILLS}

    @extend_schema(
        operation_id="import_skills",
        request={
            "application/json": ImportSerializer,
            "multipart/form-data": ImportFormSerializer,
        },
        responses=ImportReportSerializer,
    )
    def post(self, request: Request) -> Response:
        """Import all skills of an archive or of files, each whole or not at all.

        The answer is 200 even if some are refused: the report says for each skill what
        was done, and why.
        """
        serializer = import_serializer(request)
        serializer.is_valid(raise_exception=True)
        report = serializer.import_skills(cast(User, request.user))
        return Response(report.as_json())
