"""What can be wrong with a SKILL.md; the docstring of a class is its message."""

from inspect import getdoc


class SkillMdError(Exception):
    """SKILL.md is not usable."""

    rule = "skill-md"
    field = "content"
    remedy = ""

    def __init__(self, detail: str = "", line: int | None = None) -> None:
        self.detail = detail
        self.line = line
        super().__init__(str(self))

    def __str__(self) -> str:
        message = " ".join((getdoc(type(self)) or "").split())
        return f"{message.rstrip('.')}: {self.detail}" if self.detail else message


class NotText(SkillMdError):
    """SKILL.md is not UTF-8 text."""

    rule = "content.encoding"
    remedy = "Save the file as UTF-8."


class FrontmatterMissing(SkillMdError):
    """SKILL.md must start with YAML frontmatter (---)."""

    rule = "frontmatter.missing"
    remedy = "Begin the file with a line ---, then name and description, then ---."


class FrontmatterUnclosed(SkillMdError):
    """The YAML frontmatter is not closed with ---."""

    rule = "frontmatter.unclosed"
    remedy = "Put a line --- between the frontmatter and the body."


class FrontmatterTooLarge(SkillMdError):
    """The YAML frontmatter is too large to be read."""

    rule = "frontmatter.size"
    field = "frontmatter"
    remedy = "Move what is not name, description or a short note into the body."


class FrontmatterUnreadable(SkillMdError):
    """The YAML frontmatter holds a character that YAML does not allow."""

    rule = "frontmatter.characters"
    field = "frontmatter"
    remedy = "Remove control characters and NUL from the frontmatter."


class FrontmatterInvalid(SkillMdError):
    """The frontmatter is not strict YAML."""

    rule = "frontmatter.yaml"
    field = "frontmatter"
    remedy = (
        "Use plain block YAML: no flow collections ({}, []), anchors, tags or "
        "duplicate keys; put quotes around a value that holds a colon."
    )


class FrontmatterNotMapping(SkillMdError):
    """The frontmatter must be a YAML mapping."""

    rule = "frontmatter.mapping"
    field = "frontmatter"
    remedy = "Write one field per line, as in name: pdf-tools."


class UnwritableFrontmatter(SkillMdError):
    """Strict YAML has no way to write this frontmatter."""

    rule = "frontmatter.value"
    field = "frontmatter"
    remedy = "Use text, and non-empty mappings and lists of text."
