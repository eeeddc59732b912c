"""Rules for shell commands: destruction, persistence, downloads that are run."""

from taxonomy.scan.rules.pattern import (
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

# Lines that an installer may add to a shell's profile, if nothing follows them.
SETS_UP = (
    r"echo\s+[\"'](?:export\s+PATH=(?!/tmp)[\w$:/.{}~-]{1,120}"
    r"|(?:export\s+)?[A-Z_]{1,40}=[\w$/.{}~-]{1,80}|(?:source|\.)\s+(?!/tmp)[\w$/.{}~-]{1,80}"
    r"|alias\s+(?!sudo|su|ssh|git|ls|cd)[\w-]{1,20}=[\w$/. '-]{1,80}"
    r"|eval\s+\\?\"?\\?\$\([\w/. -]{1,80}\)\\?\"?)[\"']\s*"
    r"|[\w-]{1,30}\s+completion\s+\w{1,10}\s*"
)

COMMANDS: tuple[ScanRule, ...] = (
    rule(
        "reverse-shell",
        CRITICAL,
        r"""(?:>&|&>)\s*/dev/(?:tcp|udp)/(?!localhost\b|127\.)[\w.$\{\}-]{1,80}/
        |<>\s*/dev/(?:tcp|udp)/(?!127\.)[\w-]{1,60}\.[\w.-]{1,60}/
        |\b(?:nc|ncat|netcat)\b[^\n]{0,80}\s-\w{0,6}[ec]\w{0,3}\s+
        (?:/bin/)?(?:ba|z|da|k)?sh\b
        |\bsocat\b[^\n]{0,120}\bexec:
        |\bpty\.spawn\s*\(\s*["'](?:/bin/)?(?:ba|z)?sh
        |\bos\.dup2\s*\(\s*\w{1,20}\.fileno\(\)
        |\bmkfifo\b[^\n]{0,120}\|\s*(?:nc|ncat)\b""",
        "It opens a shell to another machine",
        "Whoever listens there gets the rights of the person who runs the skill.",
        "Remove it.",
        words="/dev/tcp,/dev/udp,e sh,e bash,c sh,c bash,/sh,/bash,/zsh,/dash,socat"
        ",pty.spawn,dup2,mkfifo",
    ),
    rule(
        "destructive",
        CRITICAL,
        r"""\brm\s+(?=(?:-{1,2}[\w-]{1,20}\s+){0,5}-(?:\w{0,8}r|-recursive))
        (?:-{1,2}[\w-]{1,20}\s+){1,6}["']?(?:/|~|\$HOME|\$\{HOME\}
        |(?:~|\$HOME|\$\{HOME\})/(?:\.|Documents|Desktop|Pictures)
        |/(?:home|etc|usr|boot|bin|lib|var(?:/lib)?|Users)|(?:\.\./){3,9}(?=\*))
        (?:/?\*)?/?["']?(?=[\s;&|)`]|$)
        |\bfind\s+["']?(?:/|~|\$HOME)/?["']?(?:\s+-(?:type\s+\w|xdev|depth)){0,3}\s+
        (?:-delete\b|-exec\s+rm\b)
        |\bmkfs(?:\.\w{1,10})?\s+(?:-\S{1,20}\s+){0,4}/dev/
        |\bwipefs\s+(?:-\S{1,20}\s+){0,4}/dev/
        |(?:\bdd\s[^\n]{0,120}\bof=|>\s*)/dev/(?-i:sd[a-z]|nvme\d|hd[a-z]|vd[a-z]|disk\d)
        |:\(\)\s*\{\s*:\s*\|\s*:\s*&\s*\}\s*;\s*:
        |\bshutil\.rmtree\s*\(\s*(?:["'](?:/|~|/home|/etc|/usr)["']|Path\.home\(\)
        |os\.path\.expanduser\(\s*["']~/?["']\s*\))
        |\bfs\.rm(?:dir)?(?:Sync)?\s*\(\s*os\.homedir\(\)\s*,
        |\bFormat-Volume\b|\brd\s+/s\s+/q\s+[a-z]:\\(?=\s|$)
        |\bdel\s+(?:/[fsq]\s+){1,4}["']?[a-z]:\\(?:\*|\s|$)
        |\bRemove-Item\s+(?=[^\n]{0,80}-Recurse)(?:-\w{1,20}\s+){0,5}["']?
        (?:\$HOME|\$env:USERPROFILE|[a-z]:\\)\\{0,2}\*?["']?(?=[\s;]|$)
        |(?<!never\ )(?<!not\ )\b(?:delete|erase|wipe)\s+(?:all|every|each)\s+
        (?:\w{1,20}\s+){0,2}(?:in|from|of)\s+the\s+(?:user's\s+)?home\s+
        (?:folder|directory)\b""",
        "It erases a disk or a home folder",
        "The command cannot be undone.",
        "Name the exact folder that the skill made itself.",
        words="rm -,find ,mkfs,wipefs,/dev/,:(),rmtree,fs.rm,format-volume,rd /s,del /"
        ",remove-item,home folder,home directory",
    ),
    rule(
        "persistence",
        WARNING,
        rf"""^(?![ \t]{{0,40}}(?:{SETS_UP})[^\n;&|]{{0,20}}>>)
        [^\n]{{0,200}}(?:>>?|\btee\s+(?:-a\s+)?)\s*["']?(?:~|\$HOME|\$\{{HOME\}}|/root
        |/home/[\w.-]{{1,40}})/\.(?:bashrc|zshrc|profile|bash_profile|zprofile|zshenv
        |vimrc|config/fish/config\.fish)\b
        |\bsed\s+-i[^\n]{{0,120}}/\.(?:bashrc|zshrc|zshenv|profile|bash_profile)\b
        |["'][^"'\n]{{0,60}}\.(?:bashrc|zshrc|profile|bash_profile)["'][^\n]{{0,20}}
        ["'][aw]\+?["']
        |\.config/(?:systemd/user|autostart)/|\bsystemctl\s+--user\s+enable\b
        |\blaunchctl\s+(?:load|bootstrap)\b|\|\s*at\s+(?:now|\d)|/etc/ld\.so\.preload\b
        |\bcore\.hooksPath[=\s]\s*["']?(?:/|~|\$)|\bProxyCommand\s[^\n]{{0,120}}>>
        |\bgit\s+config\s+--global\s+alias\.\w{{1,20}}\s+["']!
        |\bcrontab\s+(?:-\s|-$|/|<<|[\w.]{{1,40}}\s*$)|\|\s*crontab\b|/etc/cron\.\w{{1,10}}/
        |/Library/Launch(?:Agents|Daemons)/
        |\bschtasks\s+/create\b|CurrentVersion\\Run\b
        |\b(?:site|user)customize\.py\b
        |(?:>|\b(?:cp|mv|ln)\s[^\n]{{1,80}}?\s)\s*(?:\./)?\.git/hooks/[\w-]{{1,30}}""",
        "It makes something run again later, outside of the skill",
        "It runs after the task has ended, when nobody watches.",
        "Let the person set it up, or say what the skill sets up and how to undo it.",
        words=".bashrc,.zshrc,.profile,.bash_profile,.zprofile,.zshenv,config.fish"
        ",cron,/library/launch,schtasks,currentversion,customize.py,.git/hooks,.vimrc"
        ",.ssh/config,.config/,systemctl,launchctl,at now,| at ,ld.so,hookspath,alias.",
    ),
    rule(
        "account-access",
        CRITICAL,
        r"""(?:>>|\btee\s+-a|\bcp\s+\S{1,80})\s*["']?\S{0,40}/\.ssh/authorized_keys\b
        |\.ssh/authorized_keys["'][^\n]{0,20}["'][aw]\+?["']
        |\bNOPASSWD\s*:\s*ALL\b[^\n]{0,40}(?:>>|sudoers|tee)
        |(?:>>|\btee\s+(?:-a\s+)?)\s*/etc/(?:sudoers|passwd|shadow)\b
        |\b(?:useradd|net\s+user)\s[^\n]{0,80}(?:/add\b|-o\s+-u\s*0\b)
        |\bchmod\s+(?:u\+s|\+s|0?[46]7\d\d)\s""",
        "It creates an account or permanently raises privileges",
        "Somebody can log in later, as this person or as root.",
        "Remove it; let an administrator grant privileges by hand.",
        words="authorized_keys,nopasswd,/etc/,useradd,net user,chmod",
    ),
    rule(
        "tls-off",
        WARNING,
        rf"""{FETCH}[^\n|]{{0,200}}\s(?:-\w{{0,6}}k\w{{0,6}}|--insecure
        |--no-check-certificate)\s
        |\bverify\s*=\s*False\b|\bNODE_TLS_REJECT_UNAUTHORIZED\s*=\s*["']?0
        |\bhttp\.sslVerify\s*[=\s]\s*(?:false|0)\b|\bCERT_NONE\b
        |\brejectUnauthorized\s*:\s*false\b|\bStrictHostKeyChecking[=\s]no\b
        |\b_create_unverified_context\b""",
        "It does not verify the server's certificate or key",
        "Anyone between the two machines can read and change the traffic.",
        "Leave the verification on; name the missing certificate authority.",
        words=f"{FETCHES},verify,node_tls,cert_none,rejectunauthorized,stricthostkey"
        ",unverified",
    ),
    rule(
        "covers-tracks",
        CRITICAL,
        r"""\bhistory\s+-c\b|\bunset\s+HISTFILE\b|\bHISTFILE=/dev/null\b
        |(?:\brm\s+(?:-\w{1,6}\s+)?|>\s*)["']?(?:~|\$HOME)/\.(?:bash|zsh)_history\b
        |\bset\s+\+o\s+history\b|\bClear-History\b|\bwevtutil\s+cl\b
        |\b(?:shred|truncate)\s[^\n]{0,80}/var/log/|\brm\s+-\w{1,6}\s+/var/log\b
        |>\s*/var/log/(?:auth|syslog|wtmp)""",
        "It removes traces, such as logs or the shell's history",
        "Nobody could find out afterwards what has happened.",
        "Remove it.",
        words="history,histfile,wevtutil,/var/log",
    ),
    rule(
        "miner",
        CRITICAL,
        r"""\bstratum\+(?:tcp|ssl)://|\b(?:xmrig|minerd|cpuminer)(?:\.exe)?\s+-
        |[/\\](?:xmrig|minerd|cpuminer)\b|\bcoinhive\.min\.js|\bcoinhive\.\w{1,20}\(
        |--donate-level\b""",
        "It mines a cryptocurrency",
        "It uses up the computer of the person who runs the skill.",
        "Remove it.",
        words="stratum,xmrig,minerd,cpuminer,coinhive,--donate-level",
    ),
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
        "Whoever controls the server or the connection controls the machine.",
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
        "It downloads code and runs it at once",
        "The code was not reviewed, and the server may change it at any time.",
        "Use a package, or a pinned release with its checksum, instead.",
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
        "The owner of that server alone decides what is installed.",
        "Install a released package and pin its version, for example name==1.2.3.",
        words="pip,npm,npx,uvx,bunx,curl,install",
    ),
)
