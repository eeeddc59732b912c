"""Rules for what is not what it looks like: characters and links."""

from taxonomy.skillmd.scan_pattern import CRITICAL, MARKDOWN, WARNING, ScanRule, rule

HIDDEN: tuple[ScanRule, ...] = (
    rule(
        "hidden-text",
        CRITICAL,
        "[\u202a-\u202e\u2066-\u2069]|(?<![\U0001f3f4\U000e0000-\U000e007f])"
        "[\U000e0000-\U000e007f]|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4}",
        "It holds invisible or direction-changing Unicode",
        "A reviewer does not see what the agent reads.",
        "Delete the invisible characters.",
        hint="[\u202a-\u202e\u2066-\u2069\ufe00-\ufe0f\U000e0000-\U000e01ef]",
    ),
    rule(
        "zero-width",
        WARNING,
        "(?<=[!-~])[\u200b-\u200d\u2060\u2061-\u2064\ufeff\u00ad\u180e]{1,40}"
        "(?=[!-~])|[\u200b\u2060-\u2064]{4}",
        "It holds zero-width characters between letters",
        "They split words that a reviewer searches for.",
        "Delete the zero-width characters.",
        hint="[\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff]",
    ),
    rule(
        "mixed-script",
        WARNING,
        "(?-i:[a-z][\u0430-\u044f\u0454-\u0458\u03bf](?=[a-z\u0430-\u044f])"
        "|(?<=[a-z\u0430-\u044f])[\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456]"
        "(?=[a-z]))"
        "|[\uff21-\uff3a\uff41-\uff5a]{3}|[\U0001d400-\U0001d7ff]{3}",
        "It writes a word with letters of another alphabet",
        "The word looks like one that a reviewer knows, and is another.",
        "Write it in one alphabet.",
        hint="[\u03bf\u0430-\u0458\uff21-\uff5a\U0001d400-\U0001d7ff]",
    ),
    rule(
        "off-screen",
        WARNING,
        r"(?<=\S)(?:[ ]{100}|\t{30}|[\u00a0\u2000-\u200a\u3000]{40})"
        r"(?=[ \t\u00a0\u2000-\u200a\u3000]{0,400}\S)",
        "It has text far to the right of what is seen",
        "A reviewer does not scroll there; the agent reads it.",
        "Remove the blank space, or what comes after it.",
        hint=r" {100}|\t{30}|[\u00a0\u2000-\u200a\u3000]{40}",
    ),
    rule(
        "invisible-style",
        WARNING,
        r"""<\w{1,20}\s[^>]{0,200}\bstyle\s*=\s*["'][^"'>]{0,200}(?:display\s*:\s*none
        |visibility\s*:\s*hidden|font-size\s*:\s*0(?:\.\d{1,3})?(?:px|em|pt)?\s*[;"']
        |opacity\s*:\s*0(?:\.0{1,5})?\s*[;"']
        |color\s*:\s*(?:white|\#fff(?:fff)?|transparent)\s*[;"'])[^>]{0,200}>\s*
        [^<\s]{1,80}\s+\S""",
        "It hides text by its style",
        "A reviewer who reads the rendered page does not see what the agent reads.",
        "Show it, or delete it.",
        words="style",
        files=MARKDOWN,
    ),
    rule(
        "link",
        WARNING,
        r"""\]\(\s*<?(?:(?:javascript|vbscript|file|ms-[\w-]{2,20}):|data:text/html)
        |\bhttps?://[^\s/@"'<>()]{1,80}\.(?:com|org|io|net|dev)(?::[^\s/@]{0,40})?@[\w.-]
        |\bhttps?://(?:[\w-]{1,60}\.){0,4}xn--
        |(?-i:\[(?:https?://)?(?:[\w-]{1,60}\.){0,4}
        (?P<site>[\w-]{1,60}\.(?:com|org|net|io|dev|app|ai|co|gov|edu))(?:/[^\]\n]{0,120})?\]
        \(\s*<?https?://(?!(?:[\w-]{1,60}\.){0,4}(?P=site)(?![\w.-]))[\w.-]{3,80})""",
        "Its link does not lead where it seems to",
        "A person, or an agent, opens another place than the one that is named.",
        "Write the address that it leads to.",
        words="](,http://,https://",
    ),
)
