"""What a source had the last time, and which skills were made of it."""

from collections.abc import Collection

from taxonomy.importing.candidates import Found
from taxonomy.models import Origin, Published, Skill


class Memory:
    """Read once, before anything is imported."""

    def __init__(self, source: str, folders: Collection[str]) -> None:
        self.source = source
        origins = Origin.objects.of(source) if source else Origin.objects.none()
        self.by_folder = {origin.path: origin for origin in origins}
        lost = [each for path, each in self.by_folder.items() if path not in folders]
        self.lost_by_skill = {origin.skill_id: origin for origin in lost}
        self.lost_renamed = {each.digest: each for each in lost if each.is_renamed}

    def of(self, found: Found, holder: Skill | None) -> Origin | None:
        """What is known of the skill in this folder, which may have moved.

        `holder` has its name; one that was imported under another has not.
        """
        here = self.by_folder.get(found.folder)
        if here and (here.is_renamed or here.skill == holder):
            return here
        if holder and (moved := self.lost_by_skill.get(holder.pk)):
            return moved
        return self.lost_renamed.get(found.digest)

    def keep(self, found: Found, published: Published, before: Origin | None) -> None:
        """`before`: what `of` said. Where it lay then, it does not lie any more."""
        if not self.source:
            return
        if before and before.path != found.folder:
            Origin.objects.filter(pk=before.pk).delete()
        Origin.objects.update_or_create(
            source=self.source,
            path=found.folder,
            defaults={
                "skill": published.skill,
                "digest": found.digest,
                "published": published.version.bundle_id,
                "pruned": False,
                "adopted": not published.changed and (not before or before.adopted),
            },
        )
