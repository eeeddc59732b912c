"""Rules for commands that fetch a program and run or install it."""

from taxonomy.skillmd.scan_pattern import (
    CRITICAL,
    FETCH,
    FETCHES,
    LANGUAGE,
    LOOPBACK,
    SHELL,
    STAGES,
    WARNING,
    ScanRule,
    rule,
)

DECODE = (
    r"\b(?:base64\s+(?:-w\s?\d{1,3}\s+)?(?:-\w{0,3}d\w{0,3}|--decode)|xxd\s+-r"
    r"|openssl\s+(?:base64|enc)\s+-d)\b"
)

DOWNLOADS: tuple[ScanRule, ...] = (
    rule(
        "remote-code",
        CRITICAL,
        rf"""{FETCH}(?=[^\n|]{{0,300}}http://(?!{LOOPBACK}))[^\n|]{{0,600}}+{STAGES}
        \|\s*(?:{SHELL}|{LANGUAGE})
        |\b(?:exec|eval|compile)\s*\(\s*(?:await\s+)?
        (?:requests\.get|urllib|urlopen|httpx\.get|fetch)\b""",
        "It runs code straight from the network",
        "Whoever controls the address or the line controls the machine.",
        "Ship the code in the skill, or download over https, check and then run it.",
        words=f"{FETCHES},exec,eval,compile",
    ),
    rule(
        "pipe-to-shell",
        WARNING,
        rf"""{FETCH}[^\n|]{{0,400}}+{STAGES}\|\s*
        (?:{SHELL}|{LANGUAGE}|xargs\b[^\n|]{{0,60}}\b(?:ba|z)?sh\s+-c\b)
        |\b(?:(?:ba|z|k)?sh|python[\d.]{{0,5}}|perl|ruby|node)\s+(?:-\w{{1,20}}\s+)?
        (?:<\(\s*|(?:<<<\s*)?["']?(?:\$\(|`)\s*){FETCH}
        |(?:\bsource|(?<!\S)\.)\s+<\(\s*{FETCH}
        |\beval\s+["']?(?:\$\(|`)\s*{FETCH}
        |(?:\b(?:iex|Invoke-Expression)\s*|\[scriptblock\]::Create)[("'$&\s]{{0,9}}
        (?:{FETCH}|New-Object\s+(?:System\.)?Net\.WebClient)
        |{FETCH}(?=[^\n;&]{{0,400}}+[\n;&])[^\n;&]{{0,200}}(?:-o|--output|>)\s*(?P<path>[\w./-]{{3,80}})
        (?![\w./-])[^\n;&]{{0,80}}(?:&&|;|\n)\s*(?:chmod\s+\S{{1,9}}\s+(?P=path)[^\n]{{0,20}}
        (?:&&|;|\n)\s*)?(?:{SHELL}\s+|\./|(?=[/.]))(?P=path)(?![\w./-])
        |{FETCH}(?=[^\n;&|]{{0,400}}+[\n;&])[^\n;&|]{{0,120}}https?://[^\s"';|]{{1,200}}/(?P<name>[\w.-]{{3,80}})
        (?![^\s"';&])[^\n;&|]{{0,60}}(?:&&|;|\n)\s*
        (?:chmod\s+\S{{1,9}}\s+\S{{1,80}}\s*(?:&&|;|\n)\s*)?(?:{SHELL}\s+|\./)(?:\./)?
        (?P=name)(?![\w./-])
        |\bdownload\s+(?:[\w.]{{1,20}}\s+){{0,3}}`?https?://[^\s`)]{{4,200}}`?,?\s+
        (?:(?:and|then)\s+){{1,2}}(?:run|execute|source)\s+(?:it|that|the)\b
        |(?<!\S)!`(?:curl|wget)\s[^`\n]{{0,200}}`""",
        "It runs what it has just downloaded",
        "What runs is not what was reviewed; the server may change it at any time.",
        "Name a package or a pinned release with its checksum instead.",
        words=f"{FETCHES},new-object,download",
    ),
    rule(
        "decode-and-run",
        CRITICAL,
        rf"""(?:{DECODE}\b[^\n|]{{0,200}}
        |\bprintf\s+["'][^"'\n]{{0,40}}\\x[0-9a-f]{{2}}[^\n|]{{0,400}}
        |\|\s*(?:rev|tr\s[^\n|]{{1,60}}n-za-m[^\n|]{{0,60}})\s*)
        \|\s*(?:(?:gunzip|zcat|gzip\s+-d)[^\n|]{{0,20}}\|\s*)?(?:{SHELL}|{LANGUAGE})
        |\b(?:exec|eval)\s*\(\s*(?:[\w.]{{1,40}}\(\s*){{0,3}}
        (?:base64\.b64decode|b64decode|atob|codecs\.decode|bytes\.fromhex|zlib\.decompress
        |marshal\.loads|Buffer\.from|__import__\(\s*["'](?:zlib|base64|marshal|codecs))\b
        |\b(?:eval|(?:ba|z|da)?sh\s+-c)\s+["']?(?:\$\(|`)[^\n)]{{0,200}}{DECODE}
        |\b(?P<kept>\w{{1,40}})=["']?(?:\$\(|`)[^\n)]{{0,200}}{DECODE}[^\n)]{{0,80}}[)`]["']?
        \s*(?:;|&&|\n)\s*(?:eval\s+|(?:ba|z|da)?sh\s+-c\s+)?["']?\$\{{?(?P=kept)\b
        |{DECODE}[^\n>|]{{0,200}}>\s*(?P<out>[\w./-]{{2,80}})(?![\w./-])\s*(?:;|&&|\n)\s*
        (?:chmod\s+\S{{1,9}}\s+\S{{1,80}}\s*(?:;|&&|\n)\s*)?(?:{SHELL}\s+|\./|(?=/))(?P=out)
        (?![\w./-])
        |\bdecode\s+(?=[^\n]{{0,300}}\b(?:base64|hex|rot13)\b)[^\n]{{0,300}}\b(?:and|then)
        \s+(?:follow|obey|execute|run)\s+(?:it|that|the)\b
        |\bpowershell[^\n]{{0,80}}\s-e(?:nc|ncodedcommand)?\s+[A-Za-z0-9+/=]{{40}}""",
        "It decodes a payload and runs it",
        "An encoded program cannot be reviewed.",
        "Ship the program as a readable file under scripts/.",
        words="base64,xxd,openssl,exec,eval,powershell,printf,rev,n-za-m,decode",
    ),
    rule(
        "package-source",
        WARNING,
        r"""\bpip[\d.]{0,5}\s+install\s[^\n]{0,120}(?:(?:--index-url|--extra-index-url|-i)
        [=\s]\s*https?://(?!(?:test\.)?pypi\.org|files\.pythonhosted\.org|download\.pytorch\.org)
        |--trusted-host\b|git\+https?://(?!\S{1,160}@(?:v?\d|[0-9a-f]{7}))
        |(?<!-url\s)(?<!\s-i\s)(?<=\s)https?://)
        |\bnpm\s+(?:install|i|ci)\s[^\n]{0,120}(?:--registry[=\s]\s*https?://
        (?!registry\.npmjs\.org)|(?<!-registry\s)(?<=\s)(?:https?://|git\+))
        |\b(?:npx|uvx|bunx)\s[^\n]{0,60}(?<=\s)(?:https?://|github:
        |git\+https?://(?!\S{1,160}@(?:v?\d|[0-9a-f]{7})))
        |\bcurl\s[^\n|]{0,160}\.(?:deb|rpm|pkg|msi|exe)\b
        |"(?:pre|post)?install"\s*:\s*"[^"\n]{0,120}\b(?:curl|wget|node\s+-e|sh\s+-c
        |python[\d.]{0,5}\s+-c|bash)\b""",
        "It installs from an address instead of a known registry",
        "Nobody but that server's owner says what is installed.",
        "Name a released package with its version.",
        words="pip,npm,npx,uvx,bunx,curl,install",
    ),
)
