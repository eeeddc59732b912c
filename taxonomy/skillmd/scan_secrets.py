"""Rules for secrets: those of the reader that are taken, and the author's own."""

from taxonomy.skillmd.scan_pattern import (
    CRITICAL,
    FETCH,
    WARNING,
    ScanRule,
    rule,
)

KEY_FILES = (
    r"(?:~|\$HOME|\$\{HOME\}|/root|/home/[\w.-]{1,40}|%USERPROFILE%)[/\\]"
    r"\.(?:ssh/(?:id_\w{1,20}|identity)|aws/credentials|netrc|gnupg/|kube/config"
    r"|docker/config\.json|git-credentials|pypirc|npmrc|config/gcloud/"
    r"|config/gh/hosts\.yml|claude/\.credentials\.json|password-store/)"
    r"|/etc/shadow\b|/proc/(?:self|\d{1,7})/environ\b|\b169\.254\.169\.254\b"
    r"|\bmetadata\.google\.internal\b|\bfind-(?:generic|internet)-password\b"
    r"|\blogins\.json\b|[/\\]Login\ Data\b|\bcookies\.sqlite\b"
    r"|\bwallet\.dat\b"
)
KEY_WORDS = (
    ".ssh,.aws,netrc,.gnupg,.kube,.docker,git-credentials,pypirc,npmrc,.config"
    ",.claude/,.password-store,/etc/shadow,/environ,169.254,metadata.google"
    ",-password,logins.json,login data,cookies.sqlite,wallet.dat"
)
KEY_NAME = (
    r"\w{0,40}(?:SECRET|TOKEN|PASSWORD|PASSWD|API_?KEY|PRIVATE_KEY|secret|token"
    r"|password|passwd|api_?key|private_key)\w{0,40}"
)
LEAVES = "Credentials of the person who runs the skill would leave the machine."
HAS_IT = "Everyone who can read the skill has it."

SECRETS: tuple[ScanRule, ...] = (
    rule(
        "exfiltration",
        CRITICAL,
        rf"""{FETCH}(?=[^\n]{{0,120}}\s(?:--data|--json|-d|-F|-T|--upload-file|--form
        |--post-file|-Body|-InFile))
        [^\n]{{0,160}}(?:{KEY_FILES}|\$\(\s*(?:env|printenv)\b|(?<![\w/])\.env\b)
        |\b(?:env|printenv)\b\s*\|[^\n]{{0,80}}(?:{FETCH}|\bnc\b|\bncat\b)
        |\bcat\s+(?:{KEY_FILES}|\S{{0,40}}\.env\b)[^\n]{{0,80}}\|[^\n]{{0,80}}
        (?:{FETCH}|\bnc\b|\bncat\b)
        |\b(?:scp|rsync)\s[^\n]{{0,80}}(?:{KEY_FILES})[^\n]{{0,80}}\s[\w.@-]{{1,80}}:
        |\b(?:dig|nslookup|ping)\s[^\n]{{0,80}}(?:\$\(|`)[^\n]{{0,120}}\.
        [\w-]{{2,40}}
        |\b(?:requests|httpx)\.(?:post|put)\([^\n]{{0,200}}\bos\.environ\b(?!\s*(?:\[|\.get))
        |\b(?:requests|httpx|urllib\.request|axios|fetch)\b[^\n]{{0,200}}
        (?:JSON\.stringify\(\s*process\.env\s*\)|dict\(\s*os\.environ\s*\)
        |(?:open|read_text|readFileSync)\([^\n]{{0,60}}
        (?:\.ssh/|\.aws/|(?<![\w.])\.env["']))""",
        "It sends secrets to the network",
        LEAVES,
        "Remove the command.",
        words=f"{KEY_WORDS},.env,env |,env|,(env,( env,printenv,environ,process.env"
        ",dig ,nslookup,ping ",
    ),
    rule(
        "link-exfiltration",
        CRITICAL,
        r"""!\[[^\]\n]{0,120}\]\(\s*<?https?://[^)\s]{1,200}[?&/=](?:\{\{?|\$\{|<|%7B|\[)
        |<img\s[^>]{0,120}\bsrc\s*=\s*["']?https?://[^"'>\s]{1,200}[?&=](?:\{|\$\{|<)""",
        "It puts what the agent knows into the address of a picture",
        "Showing the picture sends it, without any question.",
        "Use a picture of the skill.",
        words="![,<img",
    ),
    rule(
        "collector",
        WARNING,
        r"""\b(?:webhook\.site|requestbin\.\w{2,5}|\w{1,40}\.(?:m\.)?pipedream\.net
        |burpcollaborator\.net|oastify\.com|oast\.(?:fun|pro|live|site|me)|interact\.sh
        |\w{1,40}\.ngrok(?:-free)?\.(?:io|app|dev)|requestcatcher\.com|beeceptor\.com
        |transfer\.sh|termbin\.com|file\.io/|0x0\.st|ix\.io|paste\.rs
        |pastebin\.com/(?:raw|api)|canarytokens\.\w{2,4}|dnslog\.cn)
        |\b(?:discord(?:app)?\.com/api/webhooks/|api\.telegram\.org/bot
        |hooks\.slack\.com/services/(?=T(?!0{6}|X{6}|\.\.\.)))
        (?P<secret>[\w:/-]{0,200})""",
        "It names a place where anyone can collect what is sent",
        "Such places are where stolen data is sent; nobody can tell whose they are.",
        "Name a server of the skill's own purpose.",
        words="webhook.site,requestbin,pipedream,burpcollab,oastify,oast.,interact.sh"
        ",ngrok,requestcatcher,beeceptor,transfer.sh,termbin,file.io,0x0.st,ix.io"
        ",paste,canarytokens,dnslog,/api/webhooks,api.telegram,hooks.slack",
    ),
    rule(
        "secret-file",
        WARNING,
        KEY_FILES,
        "It names a place that holds credentials",
        "A skill seldom needs to read keys; an agent may print what it reads.",
        "Use the tool's own login, or an environment variable that the user sets.",
        words=KEY_WORDS,
    ),
    rule(
        "secret-search",
        WARNING,
        r"""\bgrep\s+-\w{0,8}r\w{0,8}\s[^\n]{0,80}(?:password|passwd|secret|api_?key
        |token|BEGIN)[^\n]{0,60}\s(?:~|/|\$HOME)
        |\bfind\s+(?:/|~|\$HOME)\S{0,80}\s[^\n]{0,120}-i?name\s+["']?
        (?:\*?\.env|id_rsa|\*\.pem|\*\.key|\*\.kdbx|\*credential|\*secret|\*wallet)
        |\b(?:tar|zip)\s[^\n]{0,120}\s["']?(?:~|\$HOME)/\.(?:ssh|aws|gnupg|config|kube)\b
        |^[ \t]{0,40}(?:env|printenv)\s*>\s*\S
        |\bjson\.dumps?\(\s*dict\(\s*os\.environ""",
        "It looks for secrets, or gathers them",
        "No task needs all the keys of a machine.",
        "Name the one file or variable that the task needs.",
        words="grep -,find ~,find /,find $,tar ,zip ,env >,printenv,environ",
    ),
    rule(
        "private-key",
        CRITICAL,
        r"-----BEGIN\ (?:[A-Z]{2,12}\ ){0,2}PRIVATE\ KEY(?:\ BLOCK)?-----"
        r"(?:\\n|\s){1,8}(?:[A-Za-z-]{1,40}:[^\n]{0,100}\n{1,4}){0,4}\s*"
        r"(?P<secret>(?:[A-Za-z0-9+/=]|\\n){40,4000})",
        "It embeds a private key",
        HAS_IT,
        "Remove the key and revoke it.",
        words="private key",
    ),
    rule(
        "embedded-token",
        CRITICAL,
        r"""(?P<secret>(?-i:\bAKIA(?![A-Z0-9]{0,16}EXAMPLE)[A-Z0-9]{16}\b
        |\bgh[pousr]_(?!x{8}|X{8})[A-Za-z0-9]{36}\b
        |\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{50,80}\b
        |\bxox[abprs]-\d{8,20}-[A-Za-z0-9-]{20,80}
        |\bsk-ant-[a-z0-9]{4,8}-(?!x{8}|X{8})[A-Za-z0-9_-]{80,120}
        |\bsk-(?:proj-)?(?!x{8}|X{8})(?=[A-Za-z0-9_-]{0,60}\d)[A-Za-z0-9_-]{40,180}\b
        |\b(?:sk|rk)_live_(?!x{8}|X{8})[A-Za-z0-9]{20,100}\b
        |\bAIza(?!x{8}|X{8})[A-Za-z0-9_-]{35}\b
        |\bhf_(?!x{8}|X{8})[A-Za-z]{34}\b|\bnpm_(?!x{8}|X{8})[A-Za-z0-9]{36}\b
        |\bglpat-(?!x{8}|X{8})[A-Za-z0-9_-]{20}\b
        |\beyJ[A-Za-z0-9_-]{15,400}\.eyJ(?!zdWIiOiIxMjM0NTY3ODkwI)[A-Za-z0-9_-]{15,400}\.[A-Za-z0-9_-]{20,400}))""",
        "It embeds what looks like a live access token",
        HAS_IT,
        "Remove the token, revoke it, and read it from the environment.",
        words="akia,ghp_,gho_,ghu_,ghs_,ghr_,github_pat_,xox,sk-,_live_,aiza,hf_,npm_"
        ",glpat-,eyj",
    ),
    rule(
        "secret-value",
        WARNING,
        rf"""(?-i:\b{KEY_NAME}["']?\s*[=:]\s*["']
        (?P<secret>(?![^"'\n]{{0,60}}(?:example|EXAMPLE|your|YOUR|xxx|XXX|\.\.\.|change
        |placeholder))
        (?=[^"'\n]{{0,80}}\d)(?=[^"'\n]{{0,80}}[A-Za-z])[A-Za-z0-9+/=_-]{{24,200}})["'])""",
        "It may hold a password or key in clear",
        "Everyone who can read the skill can use it.",
        "Read it from the environment.",
        words="secret,token,password,passwd,apikey,api_key,private_key",
    ),
)
