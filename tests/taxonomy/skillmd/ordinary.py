"""Ordinary texts that look a little like malicious ones."""

from tests.taxonomy.skillmd.malicious import JS, PY, SH

ORDINARY = (
    ("SKILL.md", "The area is 2\u03c0rd, with \u0394x, a\u03b2b and \u00b5s."),
    (
        "SKILL.md",
        "Use [Node.js](https://nodejs.org), [a](file-format.md), [b](data.md).",
    ),
    ("SKILL.md", "See [docs.stripe.com/api](https://stripe.com/docs/api)."),
    ("SKILL.md", "System prompt: You are a helpful assistant. <!-- read more -->"),
    ("SKILL.md", "<!-- You should replace this line --> <!-- post content -->"),
    (SH, "echo 'export PATH=$HOME/bin:$PATH' >> ~/.bashrc; systemctl enable nginx"),
    (SH, "timeout 1 bash -c '</dev/tcp/localhost/5432'; chmod 2775 shared"),
    (SH, "pip install torch --index-url https://download.pytorch.org/whl/cu121"),
    (SH, "pip install git+https://github.com/a/b@v1.2.0; git push --mirror new"),
    (PY, "jwt = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0'"),
    ("SKILL.md", "Follow the previous instructions; ignore all generated files."),
    ("SKILL.md", "Ask the user for the name of the table. Tell the user to wait."),
    ("SKILL.md", "Don't tell the user to wait. <!-- markdownlint-disable MD013 -->"),
    ("SKILL.md", "Links: [docs](https://docs.python.org), [docs.python.org/3]"),
    ("SKILL.md", "See [docs.python.org/3](https://docs.python.org/3/library)."),
    ("SKILL.md", "See [python.org](https://www.python.org/) and [x](a/b.md)."),
    ("SKILL.md", "![Badge](https://img.example/badge.svg?style=flat)"),
    ("SKILL.md", "The system prompt matters. System requirements: Python 3.11."),
    ("SKILL.md", "| a | b |\n|" + "-" * 90 + "|---|\n| 1 | 2 |"),
    (
        "SKILL.md",
        "caf\u00e9 na\u00efve \u03b1 = 0.05, \u0394x, \u041c\u043e\u0441",
    ),
    ("SKILL.md", "Disable the cache; turn off the filter; skip all tests."),
    ("SKILL.md", "Write the answer to CLAUDE.md of the project when asked."),
    (SH, "rm -rf ./build /tmp/report/cache ~/.cache/report $HOME/project/dist"),
    (SH, "curl -fsSL https://x.example/file.tar.gz -o file.tar.gz | tee log"),
    (SH, "curl -d @body.json https://x.example | jq ."),
    (SH, "export API_KEY='your-api-key-goes-here-1234567890'"),
    (SH, 'echo aGk= | base64 -d > file.png; eval "$(ssh-agent -s)"'),
    (SH, "chmod 755 run.sh && ./run.sh; history | tail; nc -z localhost 80"),
    (SH, "pip install -r requirements.txt; npm install left-pad; set -euo pipefail"),
    (SH, "docker run -e TOKEN=$TOKEN image; find . -name '*.key' -print"),
    (PY, "key = os.environ['API_KEY']; requests.post(url, data=body)"),
    (PY, "value = model.eval(); cursor.execute(sql); re.compile(text)"),
    (PY, "subprocess.run(['git', 'status'], check=True); json.loads(text)"),
    (PY, "cfg = yaml.safe_load(text); yaml.load(text, Loader=yaml.SafeLoader)"),
    (PY, "url = 'http://127.0.0.1:8000/'; other = 'http://192.168.0.4/'"),
    (PY, f"digest = '{'0123456789abcdef' * 8}'"),
    (JS, "const answer = await fetch(`/api/${id}`); pattern.exec(text)"),
    ("references/a.html", '<div style="color:#333;opacity:0.5">Plain text here</div>'),
    ("references/a.md", '<img src="data:image/png;base64,' + "A" * 300 + '">'),
    ("references/a.md", "AKIAIOSFODNN7EXAMPLE ghp_" + "x" * 36),
    (".env.example", "API_KEY=\n"),
)
"""(path, text) that no rule may find."""

NOT_CRITICAL = (
    ("SKILL.md", "Later rules override earlier rules."),
    ("SKILL.md", "Project rules override the system rules."),
    ("SKILL.md", "Never ignore previous instructions of the user."),
    ("SKILL.md", "\u2066user\u2069 is what messages put around a name."),
    ("SKILL.md", "In Arabic: \u202aabc\u202c."),
)
"""(path, text) that may be worth a look, and must not fail a skill."""
