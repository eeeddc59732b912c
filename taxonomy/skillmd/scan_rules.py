"""All the rules of the security scan."""

from taxonomy.skillmd.scan_code import PROGRAMS
from taxonomy.skillmd.scan_commands import COMMANDS
from taxonomy.skillmd.scan_downloads import DOWNLOADS
from taxonomy.skillmd.scan_files import FILE_RULES, OVERSIZE, FileRule
from taxonomy.skillmd.scan_hidden import HIDDEN
from taxonomy.skillmd.scan_pattern import ScanRule
from taxonomy.skillmd.scan_secrets import SECRETS
from taxonomy.skillmd.scan_skill import SKILL_RULES, SkillRule
from taxonomy.skillmd.scan_wording import WORDING

RULES: tuple[ScanRule, ...] = (
    *WORDING,
    *HIDDEN,
    *DOWNLOADS,
    *COMMANDS,
    *PROGRAMS,
    *SECRETS,
)
"""Those that look at the text of files."""
ALL: tuple[ScanRule | FileRule | SkillRule, ...] = (
    *RULES,
    *FILE_RULES,
    OVERSIZE,
    *SKILL_RULES,
)
