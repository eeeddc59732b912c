"""All the rules of the security scan."""

from taxonomy.scan.rules.code import PROGRAMS
from taxonomy.scan.rules.commands import COMMANDS, DOWNLOADS
from taxonomy.scan.rules.files import FILE_RULES, OVERSIZE, FileRule
from taxonomy.scan.rules.pattern import ScanRule
from taxonomy.scan.rules.secrets import SECRETS
from taxonomy.scan.rules.skill import SKILL_RULES, SkillRule
from taxonomy.scan.rules.wording import HIDDEN, WORDING

TEXT_RULES: tuple[ScanRule, ...] = (
    *WORDING,
    *HIDDEN,
    *DOWNLOADS,
    *COMMANDS,
    *PROGRAMS,
    *SECRETS,
)
"""The rules that search the text of files, in the order of their findings."""
ALL: tuple[ScanRule | FileRule | SkillRule, ...] = (
    *TEXT_RULES,
    *FILE_RULES,
    OVERSIZE,
    *SKILL_RULES,
)
