"""Rules for what an agent reads: sentences, invisible characters, misleading links."""

from taxonomy.scan.rules.pattern import CRITICAL, MARKDOWN, WARNING, ScanRule, rule

TAKES_OVER = (
    "An agent reads a skill as instructions; such a line takes control of the agent."
)
SETTINGS = (
    r"(?:CLAUDE\.md|AGENTS\.md|GEMINI\.md|\.cursorrules|\.mcp\.json|\.cursor/mcp\.json"
    r"|\.claude/settings(?:\.local)?\.json|\.codex/config\.toml"
    r"|claude_desktop_config\.json)"
)
QUOTED = "Remove the sentence, or waive it with a reason when it is a quoted example."

WORDING: tuple[ScanRule, ...] = (
    rule(
        "instruction-override",
        CRITICAL,
        r"""(?<!never\ )(?<!not\ )(?<!n't\ )\b(?:
        (?:ignore|disregard|forget|set\s+aside|pay\s+no\s+attention\s+to)\s+(?:
        (?:(?:all|any|every|of|the|your|these|those|my|and)\s+){0,4}
        (?:previous|prior|earlier|above|preceding|system|original|safety)\s+
        (?:instructions?|prompts?|rules|guidelines|guardrails|messages?|directives?
        |polic(?:y|ies)|commands)
        |(?:(?:all|any|every|of)\s+){0,3}your\s+(?:\w{1,20}\s+)?(?:instructions?|rules
        |guidelines|guardrails|training|programming|system\s+prompt)
        |(?:everything|anything|(?:(?:all|every|any|of|the|these)\s+){0,3}
        (?:instructions?|rules|prompts?|messages?))\s+
        (?:(?:written\s+)?above(?!\s+(?:the|this|that|an?|line)\b)
        |(?:that\s+)?you\s+(?:were|have\s+been)\s+(?:told|given))
        |what(?:ever)?\s+the\s+user\s+(?:asks|says|wants|requests)
        |the\s+user's\s+(?:requests?|instructions?|wishes))
        |(?:override|bypass)\s+(?:(?:all|any|every|of|the|your|these)\s+){0,4}
        (?:(?:your|all)\s+(?:previous|prior|earlier|above|preceding|original)\s+
        (?:instructions?|prompts?|guidelines)
        |system\s+(?:instructions?|prompts?)
        |safety\s+(?:instructions?|rules|guidelines|guardrails|prompts?))
        |(?:supersede|override|replace|outrank)s?\s+your\s+
        (?:system\s+prompt|instructions?|guidelines))\b
        |\b(?:do\s+not|don't|never|stop)\s+(?:follow|obey)(?:ing)?\s+
        (?:(?:the|your|any)\s+){0,2}(?:system\s+prompt
        |(?:previous|prior|earlier|system)\s+(?:instructions?|prompts?))\b
        |\bfrom\s+now\s+on,?\s+(?:you\s+)?(?:must\s+)?only\s+(?:follow|obey)\b""",
        "It tells the agent to ignore its instructions",
        TAKES_OVER,
        QUOTED,
        words="ignore,disregard,forget,set aside,attention,override,bypass,supersede"
        ",replace,outrank,follow,obey",
    ),
    rule(
        "fake-turn",
        WARNING,
        r"""<\|(?:im_start|im_end|system|endoftext|eot_id|start_header_id)\|>
        |\[/?INST\]|<</?SYS>>
        |<(?:system|system-reminder|system_prompt)>
        |^[ \t]{0,40}(?:\#{1,6}\s*)?(?:new\s+system\s+(?:prompt|message)
        |system\s+override)\s*:
        |\byou\s+are\s+(?:now\s+)?(?:DAN|jailbroken|in\s+developer\s+mode)\b
        |\benable\s+(?:developer|god|jailbreak)\s+mode\b""",
        "It imitates a system message or gives the agent another role",
        "The agent may mistake the text for its operator's.",
        QUOTED,
        words="<|,[inst,[/inst,<<,system,you are,enable",
    ),
    rule(
        "prompt-leak",
        WARNING,
        r"""\b(?:reveal|print|output|show|repeat|leak|send|dump|copy)\s+
        (?:(?:all|of|the|your|me|its|entire|full|complete|verbatim)\s+){0,4}
        (?:system\s+prompt|hidden\s+(?:prompt|instructions?)
        |initial\s+(?:prompt|instructions?)|conversation\s+(?:history|transcript))\b""",
        "It asks for the system prompt or the conversation",
        "Both may hold what the person and the operator keep private.",
        QUOTED,
        words="system,hidden,initial,conversation",
    ),
    rule(
        "hidden-act",
        WARNING,
        r"""\b(?:do\s+not|don't|never)\s+(?:tell|inform|notify|alert)\s+the\s+user
        (?!\s+to\b)
        |\b(?:do\s+not|don't|never)\s+(?:mention|disclose|reveal|report|show)\s+
        (?:it|(?:this|that)(?:\s+(?:step|upload|request|command))?
        |the\s+(?:upload|step|request|transfer|command))\s+to\s+the\s+user
        |\bkeep\s+(?:it|this|that|the)\s+(?:\w{1,20}\s+)?(?:secret|hidden)\s+from\s+
        the\s+user\b
        |\bthe\s+user\s+(?:must|should|may)\s+not\s+(?:know|notice|learn|find\s+out)\b
        |\bwithout\s+(?:the\s+user\s+(?:knowing|noticing)
        |(?:telling|informing|asking)\s+the\s+user)\b
        |\bhide\s+(?:this|it|the\s+output)\s+from\s+the\s+user\b""",
        "It tells the agent to act behind the user's back",
        "The person who runs the skill must be able to see what it does.",
        "Say what the user should see, or drop the sentence.",
        words="user",
    ),
    rule(
        "hidden-comment",
        WARNING,
        r"""<!--(?=(?:(?!-->|<!--)[\s\S]){0,2000}?\b
        (?:(?:agents?|assistant|claude|gemini|gpt|codex|llm|model)\s+
        (?:must|should|shall|will|need|has\s+to|have\s+to|always|never)
        |you\s+(?:must|shall|will|always))\b)
        |<!--\s*(?:assistant|agent|system|claude)\s*:\s
        |<!--\s*(?:(?:please|now|then|first|secretly|silently|always|important:?)\s+)?
        (?:run|execute|curl|download|fetch|send|upload|post|read|cat|delete)\s
        (?=[^>]{0,80}(?:https?://|~/|\$|\.(?:sh|py|js|env|ssh)\b|\bto\b))
        |^[ \t]{0,40}\[//\]:\s*\#\s*\(\s*(?:run|execute|send|upload|agents?
        |assistant|you)\b""",
        "It hides instructions in a comment",
        "A reviewer who reads the rendered page does not see what the agent reads.",
        "Write the instructions where people read them, or delete the comment.",
        words="<!--,[//]:",
        files=MARKDOWN,
    ),
    rule(
        "asks-secret",
        WARNING,
        r"""\b(?:ask|prompt|tell|get|request)\s+(?:the\s+)?users?\s+(?:for|to\s+(?:
        enter|paste|provide|give|type|share|send))\s+(?:(?:their|his|the|a|an|your|me
        |you|in|here)\s+){0,3}(?:[\w-]{1,20}\s+){0,2}(?:passwords?|passphrase
        |private\s+keys?|seed\s+phrases?|recovery\s+(?:codes?|phrases?)|credit\s+card
        |one-time\s+codes?|2fa\s+codes?|session\s+cookies?)\b""",
        "It has the agent ask a person for a secret",
        "A conversation is stored and sent to others.",
        "Let the tool ask in its own login, outside of the conversation.",
        words="user",
    ),
    rule(
        "guard-off",
        WARNING,
        r"""--dangerously-skip-permissions\b|--dangerously-bypass-[\w-]{1,40}
        |\bbypassPermissions\b|--yolo\b|--dangerously-allow-[\w-]{1,40}
        |--ask-for-approval[=\s]\s*never\b|\bdanger-full-access\b|--full-auto\b
        |\bSet-MpPreference\s[^\n]{0,60}-Disable|\bsetenforce\s+0\b|\bufw\s+disable\b
        |\bspctl\s+--(?:master|global)-disable\b
        |\b(?:run|execute|do|install|delete)\s+(?:everything|all|any)\b[^\n.]{0,60}
        \bwithout\s+asking\b
        |\b(?:disable|turn\s+off|skip|bypass|deactivate)\s+(?:(?:all|any|the|your)\s+)
        {0,2}(?:permission\s+(?:prompts?|checks?|requests?)|safety\s+(?:checks?|filters?
        |features?)|confirmation\s+prompts?|sandbox(?:ing)?|content\s+filters?)\b
        |\b(?:auto-?approve|accept|approve)\s+(?:all|every|any)\s+(?:tool\s+calls?
        |permissions?(?:\s+(?:prompts?|requests?))?|commands?)\b""",
        "It switches off a safeguard of the person, such as permission prompts",
        "Permission prompts and sandboxes are there for code that nobody has read.",
        "Name the exact permission that the skill needs in allowed-tools.",
        words="--dangerously,bypass,--yolo,disable,turn,skip,deactivate,approve,accept"
        ",--ask-for,full-access,--full-auto,set-mppref,setenforce,ufw,spctl"
        ",without asking",
    ),
    rule(
        "agent-settings",
        WARNING,
        rf"""(?:>>?|\btee\s+(?:-a\s+)?|\b(?:cp|mv|ln\s+-sf?)\s+\S{{1,80}}\s
        |\bsed\s+-i[^\n]{{0,80}}\s)\s*["']?(?:~|\$HOME|\.)?/?(?:[\w.-]{{1,40}}/){{0,4}}
        {SETTINGS}\b
        |\b(?:add|append|write|insert|save|copy)\s+(?:[^\n]{{0,60}}\s)?(?:to|into|in)\s+
        (?:the\s+)?(?:user's\s+)?`?(?:~|\$HOME)/\.(?:claude|codex|gemini|cursor)/
        (?:settings|CLAUDE|AGENTS|GEMINI|config|hooks|mcp)
        |\b(?:edit|change|modify|overwrite|replace)\s+(?:the\s+)?(?:user's\s+)?
        `?(?:~/|\$HOME/)?\.(?:claude/settings|codex/config|cursor/mcp|mcp\.json)
        |\b(?:overwrite|replace|edit|change)\s+[^\n]{{0,40}}\bskills?\b[^\n]{{0,40}}
        \.(?:claude|codex|agents)/skills\b
        |["'][^"'\n]{{0,80}}{SETTINGS}["'][^\n]{{0,20}}
        (?:\.write_text|\.write_bytes|["'][aw]b?["']|\.open\()
        |\b(?:claude|codex|gemini)\s+mcp\s+add\b""",
        "It changes the agent's own settings or memory",
        "These files steer every later session, in other projects, too.",
        "Keep to the project's files, or let the person make the change.",
        words="claude.md,agents.md,gemini.md,.cursorrules,.claude,.mcp.json,.codex"
        ",.gemini,.cursor,.agents,claude_desktop,mcp add",
    ),
)


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
        "Such characters split words that a reviewer searches for.",
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
        "The word looks like a familiar one but is a different one.",
        "Write the word in one alphabet.",
        hint="[\u03bf\u0406-\u0458\u0561-\u0587\uff21-\uff5a\U0001d400-\U0001d7ff]",
    ),
    rule(
        "off-screen",
        WARNING,
        r"(?<=\S)(?:[ ]{100}|\t{30}|[\u00a0\u2000-\u200a\u3000]{40})"
        r"(?=[ \t\u00a0\u2000-\u200a\u3000]{0,400}\S)",
        "It has text far to the right of the visible part of the line",
        "A reviewer does not scroll there; the agent reads it.",
        "Remove the blank space, or the text after it.",
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
        "It hides text with a style",
        "A reviewer who reads the rendered page does not see what the agent reads.",
        "Show the text, or delete it.",
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
        "Its link leads elsewhere than it seems to",
        "People and agents open another address than the one that they see.",
        "Write the real address of the link.",
        words="](,http://,https://,href",
    ),
)
