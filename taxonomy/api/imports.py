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
from taxonomy.files.sources import EntrySource, open_archive, sent_files
from taxonomy.importing.importer import Importer, ImportOptions, OnConflict
from taxonomy.importing.report import Action, Report, sanitized
from taxonomy.models import Category, Origin
from taxonomy.models.address import MAX_PATH_CHARS
from taxonomy.package import source_limits
from taxonomy.permissions import PUBLISH_SKILLS

ARCHIVE = "archive"
FLAGS = ("lenient", "dry_run", "prune")


class ManyFilesField(FilesField):
    """Files of many skills, each in a folder: `pdf-tools/SKILL.md` → text."""

    def most_files(self) -> int:
        return int(settings.SKILLFLEET_IMPORT_ENTRIES)


class ImportSerializer(StrictSerializer):
    """Files, and how they are meant; the command has the same options."""

    files = ManyFilesField()
    source = TextField(  # type: ignore[assignment]  # of Field, unused
        required=False,
        allow_blank=True,
        default="",
        max_length=Origin.MOST_CHARS,
        help_text="By which they are known next time; without it nothing is pruned.",
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
            message = "Name the source: only what came from it is archived."
            raise serializers.ValidationError({"source": [message]})
        return attrs

    def bring(self, author: User) -> Report:
        """Raises NothingToImport, TooManySkills or UnknownCategory."""
        wanted = self.validated_data
        options = ImportOptions(
            origin=wanted["source"],
            category=Category.objects.named(path)
            if (path := wanted.get("category"))
            else None,
            lenient=wanted["lenient"],
            dry_run=wanted["dry_run"],
            on_conflict=OnConflict(wanted["on_conflict"]),
            prune=wanted["prune"],
            author=author,
            most_seconds=settings.SKILLFLEET_IMPORT_SECONDS,
        )
        with self.opened() as source:
            most = settings.SKILLFLEET_IMPORT_SKILLS
            if len(source.folders) > most:
                raise TooManySkills(f"{len(source.folders)} skills, at most {most}.")
            bringing = Importer(source, options)
            outcomes = list(bringing.run())
        notes = [bringing.stopped] if bringing.stopped else []
        return Report(options.origin, options.dry_run, outcomes, notes=notes)

    @contextmanager
    def opened(self) -> Iterator[EntrySource]:
        with refusing("files"):
            source = sent_files(self.validated_data["files"], source_limits())
        yield source


class ImportFormSerializer(ImportSerializer):
    """The same as a form, with an archive."""

    files = None  # type: ignore[assignment]  # how a field is taken away
    archive = serializers.FileField(help_text="A zip, tar, tar.gz or tar.bz2.")

    @contextmanager
    def opened(self) -> Iterator[EntrySource]:
        upload = cast(IO[bytes], self.validated_data[ARCHIVE].file)
        with refusing(ARCHIVE), open_archive(upload, source_limits()) as source:
            yield source


@contextmanager
def refusing(field: str) -> Iterator[None]:
    try:
        yield
    except SourceRefused as error:
        raise NothingToImport(**{field: sanitized(str(error))}) from None


def import_serializer(request: Request) -> ImportSerializer:
    """For what was sent, however it was sent; not validated yet."""
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
    """Of two parts with one name the first would be dropped, and nobody told."""
    sent = Counter(
        name for form in forms for name, all_of in form.lists() for _ in all_of
    )
    if repeated := sorted(name for name, times in sent.items() if times > 1):
        message = "Sent more than once; send one, or make a request of each."
        raise serializers.ValidationError({name[:80]: [message] for name in repeated})


class OutcomeSerializer(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="The folder in what was sent.")
    name = serializers.CharField()
    action = serializers.ChoiceField([str(action) for action in Action])
    version = serializers.CharField()
    category = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField())


class ImportReportSerializer(serializers.Serializer[Any]):
    """The form of `Report.as_json`; for the schema alone."""

    source = serializers.CharField()  # type: ignore[assignment]
    dry_run = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="About the whole of it."
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
        """Import every skill of an archive or of files, each whole or not at all.

        200 also when some are refused: the report has each with what was done and why.
        """
        serializer = import_serializer(request)
        serializer.is_valid(raise_exception=True)
        report = serializer.bring(cast(User, request.user))
        return Response(report.as_json())
