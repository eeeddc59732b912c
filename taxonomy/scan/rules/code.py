"""Rules for program text: what a reviewer cannot judge by reading it."""

from taxonomy.scan.rules.pattern import CODE, NOTICE, WARNING, ScanRule, rule

PROGRAMS: tuple[ScanRule, ...] = (
    rule(
        "dynamic-code",
        WARNING,
        r"""(?<![\w.])(?:eval|exec)\s*\(\s*(?!["'][^"'\n]{0,200}["']\s*[,)])\w
        |\bnew\s+Function\s*\(|(?<![\w.])(?-i:Function)\s*\(\s*["'`]|(?<!\w)__import__\s*\(\s*(?!["'])
        |\bcompile\s*\([^\n]{1,120}["']exec["']\s*\)
        |\bgetattr\s*\(\s*(?:__builtins__|builtins|os)\s*,
        |\bvm\.runIn\w{1,20}\s*\(
        |^[ \t]{0,40}eval\s+["']?\$\{?\w{1,40}""",
        "It runs text as code",
        "A reviewer cannot know what will run.",
        "Write the code out, or use a parser for the value's format.",
        words="eval,exec,function,__import__,getattr,runin",
        files=CODE,
    ),
    rule(
        "shell-text",
        NOTICE,
        r"""\bos\.(?:system|popen)\s*\(\s*(?:["'](?:curl|wget|rm)\b|[rb]?f["']|\w{1,40}\s*[+%,)]|["'][^"'\n]
        {0,200}["']\s*[+%])
        |\bsubprocess\.\w{1,20}\s*\([^\n]{0,200}\bshell\s*=\s*True\b
        |\b(?:child_process\.)?exec(?:Sync)?\s*\(\s*`[^`\n]{0,200}\$\{""",
        "It builds a shell command from pieces of text",
        "A value with a ; in it, such as a file name, can start another command.",
        "Pass a list of arguments, without a shell.",
        words="os.system,os.popen,subprocess,exec",
        files=CODE,
    ),
    rule(
        "unsafe-load",
        WARNING,
        r"""\b(?:c?pickle|marshal|dill|shelve|jsonpickle|joblib)\.
        (?:(?:loads?|open|decode|Unpickler)\s*\()
        |\bfrom\s+(?:c?pickle|marshal|dill)\s+import\b|\bread_pickle\s*\(
        |\ballow_pickle\s*=\s*True\b
        |\byaml\.(?:unsafe_load|load(?:_all)?\s*\((?:(?![^\n]{0,120}Safe)[^\n]{0,120}\)
        |[ \t]{0,40}\r?\n(?![^)]{0,160}Safe)))
        |\btorch\.load\s*\((?![^\n]{0,120}weights_only\s*=\s*True)""",
        "It loads data in a format that can run code, such as pickle",
        "Whoever wrote the loaded file runs code on this machine.",
        "Use JSON, or a safe loader.",
        words="pickle,marshal,dill,shelve,joblib,yaml.,torch.load",
        files=CODE,
    ),
    rule(
        "encoded-blob",
        WARNING,
        r"""(?<![A-Za-z0-9+/=,_-])(?=[A-Za-z0-9+/]{0,200}[0-9])
        (?=[A-Za-z0-9+/]{0,200}[A-Z])(?=[A-Za-z0-9+/]{0,200}[a-z])
        (?-i:[A-Za-z0-9+/]{200})
        |(?<![0-9a-f])[0-9a-f]{400}
        |(?:\\x[0-9a-f]{2}){24}|(?:\\u00[0-9a-f]{2}){8}|(?:&\#x?[0-9a-f]{2,4};){8}
        |(?:\\[0-7]{3}){24}""",
        "It holds a long encoded text",
        "A reviewer cannot see what the text says.",
        "Ship the content as a file in its own format, or waive it and say what it is.",
        hint=r"\S{40}",
    ),
    rule(
        "spelled-out",
        WARNING,
        r"""\bfromCharCode\s*\(\s*(?:\d{1,3}\s*,\s*){8}
        |(?:\bchr\(\d{1,3}\)\s*[+.,]\s*){6}
        |(?:["'][\w ./:-]{1,2}["']\s*\+\s*){8}
        |\bbytes\s*\(\s*\[(?:\d{1,3}\s*,\s*){12}""",
        "It builds a text letter by letter",
        "A reviewer cannot see what the text says.",
        "Write the text out.",
        words="fromcharcode,chr(,'+,' +,\"+,\" +,bytes(",
        files=CODE,
    ),
    rule(
        "own-address",
        WARNING,
        r"""\bhttps?://(?!127\.|0\.0\.0\.0|10\.|192\.168\.|169\.254\.
        |172\.(?:1[6-9]|2\d|3[01])\.|(?:192\.0\.2|198\.51\.100|203\.0\.113)\.)
        \d{1,3}(?:\.\d{1,3}){3}\b|\bhttps?://(?:0x[0-9a-f]{8}|\d{8,10})(?=[/:\s"'])
        |\bhttps?://[\w.-]{1,80}\.onion\b""",
        "It names a server by an IP address or an .onion name",
        "Nobody can tell whose server it is.",
        "Name the server by its host name.",
        words="http://,https://",
    ),
)
