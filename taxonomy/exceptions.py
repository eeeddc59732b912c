"""The errors of the taxonomy. The docstring of each class is its message."""

from collections.abc import Iterable

from core.errors import DomainError


class TaxonomyError(DomainError):
    """The taxonomy cannot do that."""

    code = "taxonomy_error"

    def __init__(self, message: str = "", /, **fields: str | Iterable[str]) -> None:
        """`fields` has the problems of the input: by field, one text or several."""
        super().__init__(
            message,
            {
                name: [findings] if isinstance(findings, str) else list(findings)
                for name, findings in fields.items()
            },
        )


class InvalidSkill(TaxonomyError):
    """The skill breaks the rules; every finding is listed."""

    code = "invalid_skill"


class InvalidVersion(TaxonomyError):
    """A version number has three parts, like 1.4.0."""

    code = "invalid_version"


class InvalidPath(TaxonomyError):
    """The category path is not valid."""

    code = "invalid_path"


class UnknownCategory(TaxonomyError):
    """There is no such category."""

    code = "unknown_category"


class NameTaken(TaxonomyError):
    """Another skill has that name, or had it once."""

    code = "name_taken"
    status_code = 409


class PathTaken(TaxonomyError):
    """Another category has that path, or had it once."""

    code = "path_taken"
    status_code = 409


class VersionConflict(TaxonomyError):
    """A version number must be higher than every published one."""

    code = "version_conflict"
    status_code = 409


class SkillChanged(TaxonomyError):
    """Someone published the skill meanwhile; read it again and repeat the change."""

    code = "skill_changed"
    status_code = 409
    edit_conflict = True


class ChangedMeanwhile(TaxonomyError):
    """Somebody else changed it meanwhile; look at it and repeat the change."""

    code = "changed_meanwhile"
    status_code = 409
    edit_conflict = True


class UnknownVersion(TaxonomyError):
    """The skill has no such version."""

    code = "unknown_version"


class UnknownSkill(TaxonomyError):
    """There is no such skill."""

    code = "unknown_skill"


class VersionYanked(TaxonomyError):
    """That version was withdrawn."""

    code = "yanked"
    status_code = 410


class VersionWithdrawn(TaxonomyError):
    """A yanked version cannot become the current one; unyank it first."""

    code = "version_withdrawn"
    status_code = 409


class LastVersion(TaxonomyError):
    """This is the only version that is not yanked; archive the skill instead."""

    code = "last_version"
    status_code = 409


class WrongReplacement(TaxonomyError):
    """The replacement must be another skill that is active."""

    code = "wrong_replacement"


class ContradictoryRelations(TaxonomyError):
    """These relations contradict each other."""

    code = "contradictory_relations"


class NameContradicts(TaxonomyError):
    """With that name the relations of another skill would contradict each other."""

    code = "name_contradicts"
    status_code = 409


class InvalidRelation(TaxonomyError):
    """A relation must name a skill."""

    code = "invalid_relation"


class RelationCycle(TaxonomyError):
    """A skill cannot require itself, not even by way of others."""

    code = "relation_cycle"
    status_code = 409


class TooManyLabels(TaxonomyError):
    """A skill may not have so many labels of one kind."""

    code = "too_many_labels"


class InvalidFacet(TaxonomyError):
    """A facet does not exist, or does not allow the value."""

    code = "invalid_facet"


class FacetTaken(TaxonomyError):
    """There is a facet of that name already."""

    code = "facet_taken"
    status_code = 409


class FacetInUse(TaxonomyError):
    """Skills still have values of the facet; relabel them first."""

    code = "facet_in_use"
    status_code = 409


class SkillArchived(TaxonomyError):
    """The skill is archived; set its status to active first."""

    code = "skill_archived"
    status_code = 409


class InvalidMerge(TaxonomyError):
    """A category cannot be merged into itself or into one below it."""

    code = "invalid_merge"


class CategoryBusy(TaxonomyError):
    """Others keep changing the category; try again."""

    code = "category_busy"
    status_code = 409


class CategoryInUse(TaxonomyError):
    """The category still holds skills or categories; move them first."""

    code = "category_in_use"
    status_code = 409


class NothingToImport(TaxonomyError):
    """The request contains no skill that can be read."""

    code = "nothing_to_import"


class TooManySkills(TaxonomyError):
    """One request cannot import so many skills; use `manage.py import_skills`."""

    code = "too_large"
    status_code = 413


class InvalidProfile(TaxonomyError):
    """The profile contradicts itself."""

    code = "invalid_profile"


class NothingToWaive(TaxonomyError):
    """No open finding of the security scan matches."""

    code = "nothing_to_waive"
    status_code = 409


class UnknownWaiver(TaxonomyError):
    """There is no such waiver, or it is revoked already."""

    code = "unknown_waiver"
    status_code = 404
