"""Rules for what is not what it looks like: characters and links."""

from taxonomy.skillmd.scan_pattern import CRITICAL, MARKDOWN, WARNING, ScanRule, rule

HIDDEN: tuple[ScanRule, ...] = (
    rule(
        "hidden-text",
        CRITICAL,
        "[\u202b\u202d\u202e\u2067]|\u202a(?![^\u2066-\u2069\u202a-\u202e\n]{1,200}\u202c)"
        "|[\u2066\u2068](?![^\u2066-\u2069\u202a-\u202e\n]{1,200}\u2069)"
        "|(?<![\U0001f3f4\U000e0000-\U000e007f])[\U000e0000-\U000e007f]"
        "|\U0001f3f4(?![\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)"
        "[\U000e0000-\U000e007f]|\U000e007f[\U000e0000-\U000e007f]"
        "|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4}|\x1b\\[(?:\\d{1,3};){0,5}8m",
        "It holds invisible or direction-changing Unicode",
        "A reviewer does not see what the agent reads.",
        "Delete the invisible characters.",
        hint="[\x1b\u202a-\u202e\u2066-\u2069\ufe00-\ufe0f\U000e0000-\U000e01ef]",
    ),
    rule(
        "zero-width",
        WARNING,
        "(?<=[!-~])[\u200b-\u200f\u2060-\u2064\ufeff\u00ad\u180e\u061c\u2800]{1,40}"
        "(?=[!-~])|[\u200b-\u200d\u2060-\u2064\ufeff]{4}|[\u200e\u200f\u061c]{3}"
        "|(?<=[!-~])[\u115f\u1160\u3164\uffa0]",
        "It holds zero-width characters between letters",
        "They split words that a reviewer searches for.",
        "Delete the zero-width characters.",
        hint="[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2060-\u2064\u2800\u3164\ufeff"
        "\uffa0]",
    ),
    rule(
        "mixed-script",
        WARNING,
        "(?-i:[a-z][\u0430-\u044f\u0454-\u0458\u03bf](?=[a-z\u0430-\u044f])"
        "|(?<=[a-z\u0430-\u044f])[\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456]"
        "(?=[a-z])"
        "|(?<![\\w])[\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458"
        "\u0410\u0412\u0415\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425]"
        "(?=[a-z]{2}|[A-Z]{2})|[A-Za-z][\u0561-\u0587]|[\u0561-\u0587][A-Za-z])"
        "|[\uff21-\uff3a\uff41-\uff5a]{3}|[\U0001d400-\U0001d7ff]{3}",
        "It writes a word with letters of another alphabet",
        "The word looks like one that a reviewer knows, and is another.",
        "Write it in one alphabet.",
        hint="[\u03bf\u0406-\u0458\u0561-\u0587\uff21-\uff5a\U0001d400-\U0001d7ff]",
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
        |(?:left|top|text-indent)\s*:\s*-\d{3,5}(?:px|em|pt)
        |color\s*:\s*(?:white|\#fff(?:fff)?|transparent)\s*[;"'])[^>]{0,200}>\s*
        [^<\s]{1,80}\s+\S
        |<(?:div|span|p|section|details)\s(?:[^>]{0,80}\s)?hidden(?:=["']\w{0,9}["'])?
        (?:\s[^>]{0,80})?>\s*[^<\s]{1,80}\s+\S""",
        "It hides text by its style",
        "A reviewer who reads the rendered page does not see what the agent reads.",
        "Show it, or delete it.",
        words="style,hidden",
        files=MARKDOWN,
    ),
    rule(
        "link",
        WARNING,
        r"""\]\(\s*<?(?:(?:javascript|vbscript|file|ms-[\w-]{2,20}):|data:text/html)
        |\bhref\s*=\s*["']?\s*(?:vbscript:|javascript:(?!\s*(?:void|;|["']))
        |data:text/html)
        |\bhttps?://[^\s/@"'<>()]{1,80}\.(?:com|org|io|net|dev)(?::[^\s/@]{0,40})?@[\w.-]
        |\bhttps?://(?:[\w-]{1,60}\.){0,4}xn--
        |(?-i:\[(?:https?://)?(?:[\w-]{1,60}\.){0,4}
        (?P<site>[\w-]{1,60}\.(?:com|org|net|io|dev|app|ai|co|gov|edu))(?:/[^\]\n]{0,120})?\]
        \(\s*<?https?://(?!(?:[\w-]{1,60}\.){0,4}(?P=site)(?![\w.-]))[\w.-]{3,80})""",
        "Its link does not lead where it seems to",
        "A person, or an agent, opens another place than the one that is named.",
        "Write the address that it leads to.",
        words="](,http://,https://,href",
    ),
)
