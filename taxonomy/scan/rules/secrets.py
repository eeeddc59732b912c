"""Rules for secrets: credentials that a skill takes, and those that it holds."""

from taxonomy.scan.rules.pattern import CRITICAL, FETCH, WARNING, ScanRule, rule

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
# In a URL's query: a placeholder for the conversation or for a secret.
TOLD = (
    r"[^)\s{<\[]{0,200}(?:(?:\{\{?|\$\{|%7B|\[)[^)}\]\n]{0,30}"
    r"(?:token|secret|password|api_?key|WORDS)|<[^)>\n]{0,30}(?:secret|password|WORDS)"
    r"|=(?-i:[A-Z_]{0,20}(?:CONVERSATION|SECRET|PASSWORD|SUMMARY)[A-Z_]{0,20}))"
).replace(
    "WORDS", "conversation|chat|history|message|prompt|data|summary|email|user|env"
)
LEAVES = "Credentials of the person who runs the skill would leave the machine."
TOKENS = (
    r"A[KS]IA|gh[pousr]_|github_|xox|sk-|[sr]k_live|AIza|hf_|npm_|glpat-|ya29\.|SG\."
    r"|dop_v1_|whsec_|eyJ"
)
# Real tokens repeat no character seven times and do not call themselves examples.
FAKE = (
    r"[\w-]{0,60}?(?:(?P<one>[\w-])(?P=one){6}|EXAMPLE|[Ee]xample|YOUR|[Yy]our|abcdefgh"
    r"|12345678)"
)
HAS_IT = "Everyone who can read the skill can read it."

SECRETS: tuple[ScanRule, ...] = (
    rule(
        "exfiltration",
        CRITICAL,
        rf"""{FETCH}(?=[^\n]{{0,120}}\s(?:--data|--json|-d|-F|-T|--upload-file|--form
        |--post-file|-Body|-InFile))
        [^\n]{{0,160}}(?:{KEY_FILES}|/\.(?:bash|zsh)_history\b|\$\(\s*(?:env|printenv)\s*[|)]
        |(?<![\w/])\.env\b)
        |(?:\b(?:env|printenv)\b|\bcat\s+(?:{KEY_FILES}|\S{{0,40}}\.env\b)[^\n|]{{0,60}}
        |\bpbpaste\b|\btar\s+-?c\w{{0,4}}\s+(?:-\s+)?["']?(?:~|\$HOME)[^\n|]{{0,60}}
        |\bkubectl\s+get\s+secrets?\b[^\n|]{{0,60}}|\bsecurity\s+dump-keychain[^\n|]{{0,60}})
        \s*(?:\|[^\n|]{{0,80}}+){{0,3}}\|\s*(?:{FETCH}|\bnc\b|\bncat\b)
        |\b(?:scp|rsync)\s[^\n]{{0,80}}(?:{KEY_FILES})[^\n]{{0,80}}\s[\w.@-]{{1,80}}:
        |\b(?:dig|nslookup|ping|host)\s[^\n]{{0,80}}(?:
        \$\((?!\s*hostname\b[^|\n)]{{0,9}}\))[^\n]{{0,120}}
        |`(?!\s*hostname\b)\w[^`\n]{{1,80}}`["']?
        |\$\{{?(?-i:{KEY_NAME})\}}?)\.[\w-]{{2,40}}
        |\bgethostbyname\s*\(\s*(?-i:{KEY_NAME})
        |\b(?:requests|httpx)\.(?:post|put)\([^\n]{{0,200}}\bos\.environ\b(?!\s*(?:\[|\.get))
        |\b(?:requests|httpx|urllib\.request|axios|fetch)\b[^\n]{{0,200}}
        (?:JSON\.stringify\(\s*process\.env\s*\)|,\s*process\.env\s*[,)]
        |(?:dict|urlencode)\(\s*os\.environ\s*\)
        |(?:open|read_text|readFileSync)\([^\n]{{0,60}}
        (?:\.ssh/|\.aws/|(?<![\w.])\.env["']))
        |\b(?P<all>\w{{1,40}})\s*=\s*(?:dict\(\s*os\.environ\s*\)|os\.environ(?:\.copy\(\))?)
        \s*[;\n]\s*(?:requests|httpx)\.(?:post|put)\([^\n]{{0,200}}\b(?P=all)\b
        |\$\(\s*gh\s+auth\s+token\s*\)[^\n]{{0,120}}https?://(?!(?:\w{{1,20}}\.)?github\.com\b)
        |(?<!never\ )(?<!not\ )\b(?:send|post|upload|submit)\s+[^\n]{{0,60}}
        (?:{KEY_FILES}|(?:~|\$HOME)/\.(?:ssh|aws|gnupg)\b|(?<![\w/])\.env\b)[^\n]{{0,60}}
        \bto\s+`?https?://""",
        "It sends secrets to the network",
        LEAVES,
        "Remove the command.",
        words=f"{KEY_WORDS},.env,env |,env|,(env,( env,printenv,environ,process.env"
        ",dig ,nslookup,ping ,host ,gethostby,pbpaste,tar c,tar -c,secret,keychain"
        ",_history,gh auth",
    ),
    rule(
        "link-exfiltration",
        CRITICAL,
        rf"""!\[[^\]\n]{{0,120}}\]\(\s*<?https?://[^)\s?]{{1,200}}\?(?:{TOLD})
        |<img\s[^>]{{0,120}}\bsrc\s*=\s*["']?https?://[^"'>\s?]{{1,200}}\?(?:{TOLD})""",
        "It puts what the agent knows into the URL of a picture",
        "To show the picture is to send that, without asking.",
        "Replace the remote image with an image file in the skill's folder.",
        words="![,<img",
    ),
    rule(
        "collector",
        WARNING,
        r"""\b(?:webhook\.site|requestbin\.\w{2,5}|\w{1,40}\.(?:m\.)?pipedream\.net
        |burpcollaborator\.net|oastify\.com|oast\.(?:fun|pro|live|site|me)|interact\.sh
        |\w{1,40}\.ngrok(?:-free)?\.(?:io|app|dev)|requestcatcher\.com|beeceptor\.com
        |transfer\.sh|termbin\.com|file\.io/|0x0\.st|ix\.io|paste\.rs
        |pastebin\.com/(?:raw|api)|canarytokens\.\w{2,4}|dnslog\.cn
        |bashupload\.com|\w[\w-]{1,60}\.trycloudflare\.com)
        |\b(?:discord(?:app)?\.com/api/webhooks/|api\.telegram\.org/bot
        |hooks\.slack\.com/services/(?=T(?!0{6}|X{6}|\.\.\.)))
        (?P<secret>[\w:/-]{0,200})""",
        "It names a service where anyone can collect data",
        "Stolen data is sent to such services; nobody can tell who receives it.",
        "Use a server that belongs to the skill's purpose.",
        words="webhook.site,requestbin,pipedream,burpcollab,oastify,oast.,interact.sh"
        ",ngrok,requestcatcher,beeceptor,transfer.sh,termbin,file.io,0x0.st,ix.io"
        ",paste,canarytokens,dnslog,bashupload,trycloudflare,/api/webhooks,api.telegram,hooks.slack",
    ),
    rule(
        "secret-file",
        WARNING,
        rf"""{KEY_FILES}
        |\b(?:cp|mv|cat|tar|zip|rsync|scp)\s[^\n]{{0,60}}(?:~|\$HOME)/\.(?:ssh|aws|gnupg)
        (?:/\*|/)?(?=[\s"']|$)
        |["']\.ssh["']\s*[,/]\s*["']id_\w|["']\.aws["']\s*[,/]\s*["']credentials
        |\bhomedir\(\)\s*\+\s*["'][/\\]\.(?:ssh|aws|gnupg|netrc)
        |\bsecurity\s+dump-keychain\b|\bsecret-tool\s+lookup\b|\bgit\s+credential\s+fill\b
        |\bkeyring\.get_password\s*\(|\baws\s+configure\s+get\s+aws_secret
        |(?:~|\$HOME)/\.(?:claude\.json\b|(?:bash|zsh)_history\b)
        |[/\\](?:Chrome|Chromium|Edge|Brave)[\w/\\ -]{{0,40}}[/\\]Cookies\b""",
        "It names a file or service that holds credentials",
        "A skill seldom needs to read keys; an agent may print what it reads.",
        "Use the tool's own login, or an environment variable that the user sets.",
        words=f"{KEY_WORDS},.gnupg,keychain,secret-tool,credential,get_password"
        ",aws_secret,.claude.json,_history,cookies",
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
        |(?<!\S)!`(?:env|printenv)\b
        |\bjson\.dumps?\(\s*dict\(\s*os\.environ""",
        "It searches for secrets or collects them",
        "No task needs all the keys of a machine.",
        "Name the one file or variable that the task needs.",
        words="grep -,find ~,find /,find $,tar ,zip ,env >,`env,printenv,environ",
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
        rf"""(?P<secret>(?-i:\b(?={TOKENS})(?!{FAKE})(?:A[KS]IA(?=[A-Z]{{0,15}}\d)[A-Z0-9]{{16}}\b
        |gh[pousr]_(?=[A-Za-z]{{0,35}}\d)[A-Za-z0-9]{{36}}\b
        |github_pat_[A-Za-z0-9]{{22}}_[A-Za-z0-9]{{50,80}}\b
        |xox[abprs]-\d{{8,20}}-[A-Za-z0-9-]{{20,80}}
        |sk-ant-[a-z0-9]{{4,8}}-[A-Za-z0-9_-]{{80,120}}
        |sk-(?:proj-)?(?=[A-Za-z_-]{{0,60}}\d)(?=[a-z0-9_-]{{0,60}}[A-Z])
        [A-Za-z0-9_-]{{40,180}}\b
        |(?:sk|rk)_live_[A-Za-z0-9]{{20,100}}\b
        |AIza[A-Za-z0-9_-]{{35}}\b
        |hf_[A-Za-z]{{34}}\b|npm_(?=[A-Za-z]{{0,35}}\d)[A-Za-z0-9]{{36}}\b
        |glpat-[A-Za-z0-9_-]{{20}}\b
        |ya29\.[A-Za-z0-9_-]{{40,400}}|SG\.[A-Za-z0-9_-]{{22}}\.[A-Za-z0-9_-]{{43}}
        |dop_v1_[0-9a-f]{{64}}\b|whsec_[A-Za-z0-9+/]{{32}}
        |eyJ[A-Za-z0-9_-]{{15,400}}\.eyJ(?!zdWIiOiIxMjM0NTY3ODkwI)[A-Za-z0-9_-]{{15,400}}\.[A-Za-z0-9_-]{{20,400}})))""",
        "It embeds what looks like a live access token",
        HAS_IT,
        "Remove the token, revoke it, and read it from the environment.",
        words="akia,asia,ya29,sg.,dop_v1_,whsec_,ghp_,gho_,ghu_,ghs_,ghr_,github_pat_,xox,sk-,_live_,aiza,hf_,npm_"
        ",glpat-,eyj",
    ),
    rule(
        "secret-value",
        WARNING,
        rf"""(?-i:\b{KEY_NAME}["']?\s*[=:][ \t]{{0,40}}(?:(?P<quote>["'])
        |(?=[A-Za-z0-9+/=]{{24,200}}\s*$)(?=[A-Za-z+/=]{{0,80}}\d)(?=[a-z0-9+/=]{{0,80}}[A-Z])
        (?=[A-Z0-9+/=]{{0,80}}[a-z]))
        (?P<secret>(?![^"'\n]{{0,60}}(?:example|EXAMPLE|your|YOUR|xxx|XXX|\.\.\.|change
        |placeholder))
        (?=[^"'\n]{{0,80}}\d)(?=[^"'\n]{{0,80}}[A-Za-z])[A-Za-z0-9+/=_-]{{24,200}})
        (?(quote)["']))
        |://[^\s:/@"'<]{{1,80}}:(?=[^\s/@]{{0,80}}\d)(?=[^\s/@]{{0,80}}[a-z])
        [^\s:/@"'<$\{{]{{8,80}}@(?!localhost|127\.)[\w-]{{1,60}}\.""",
        "It may hold a password or key in plain text",
        "Everyone who can read the skill can use it.",
        "Read the value from the environment.",
        words="secret,token,password,passwd,apikey,api_key,private_key,://",
    ),
)
