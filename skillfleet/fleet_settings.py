"""The settings of the product's own: how jobs run, and what is let in.

docs/reference/settings.md lists them with their units.
"""

from skillfleet.environment import env, rate, seconds

# The skill jobs: docs/howto/operate-workers.md.
SKILLFLEET_JOBS = env.str("SKILLFLEET_JOBS", default="queue")
SKILLFLEET_AUTHOR = env.str(
    "SKILLFLEET_AUTHOR", default="jobs.authors.template.TemplateAuthor"
)
SKILLFLEET_JOB_LEASE = seconds("SKILLFLEET_JOB_LEASE", 60)
SKILLFLEET_SWEEP_INTERVAL = seconds("SKILLFLEET_SWEEP_INTERVAL", 60)
SKILLFLEET_JOB_CRASHES = env.int("SKILLFLEET_JOB_CRASHES", default=3)
SKILLFLEET_PHASE_LIMIT = seconds("SKILLFLEET_PHASE_LIMIT", 15 * 60)
SKILLFLEET_QUESTION_TIMEOUT = seconds("SKILLFLEET_QUESTION_TIMEOUT", 24 * 3600)
SKILLFLEET_RUNNING_JOBS_PER_USER = env.int(
    "SKILLFLEET_RUNNING_JOBS_PER_USER", default=4
)
SKILLFLEET_WORKERS = env.int("SKILLFLEET_WORKERS", default=2)
SKILLFLEET_JOBS_KEPT_DAYS = env.int("SKILLFLEET_JOBS_KEPT_DAYS", default=90)

# Limits on what comes from outside.
SKILLFLEET_MAX_SOURCES = env.int("SKILLFLEET_MAX_SOURCES", default=10)
SKILLFLEET_MAX_SOURCE_BYTES = env.int("SKILLFLEET_MAX_SOURCE_BYTES", default=1_000_000)
SKILLFLEET_MAX_TASK_CHARS = env.int("SKILLFLEET_MAX_TASK_CHARS", default=10_000)
SKILLFLEET_MAX_SKILL_BYTES = env.int("SKILLFLEET_MAX_SKILL_BYTES", default=16 * 2**20)
SKILLFLEET_MAX_SKILL_FILES = env.int("SKILLFLEET_MAX_SKILL_FILES", default=512)
SKILLFLEET_MAX_FILE_BYTES = env.int("SKILLFLEET_MAX_FILE_BYTES", default=10_000_000)
SKILLFLEET_MAX_FRONTMATTER_CHARS = env.int(
    "SKILLFLEET_MAX_FRONTMATTER_CHARS", default=16_384
)
SKILLFLEET_MAX_FRONTMATTER_NODES = env.int(
    "SKILLFLEET_MAX_FRONTMATTER_NODES", default=500
)
SKILLFLEET_SCANNED_BYTES = env.int("SKILLFLEET_SCANNED_BYTES", default=1_000_000)
SKILLFLEET_MAX_JSON_DEPTH = env.int("SKILLFLEET_MAX_JSON_DEPTH", default=32)
SKILLFLEET_MAX_BODY_BYTES = env.int("SKILLFLEET_MAX_BODY_BYTES", default=24 * 2**20)
SKILLFLEET_MAX_AUTH_BYTES = env.int("SKILLFLEET_MAX_AUTH_BYTES", default=65_536)
SKILLFLEET_PAGE_SIZE = env.int("SKILLFLEET_PAGE_SIZE", default=50)
SKILLFLEET_MAX_PAGE_SIZE = env.int("SKILLFLEET_MAX_PAGE_SIZE", default=200)
SKILLFLEET_MAX_QUERY_WORDS = env.int("SKILLFLEET_MAX_QUERY_WORDS", default=8)
SKILLFLEET_MAX_QUERY_CHARS = env.int("SKILLFLEET_MAX_QUERY_CHARS", default=200)
SKILLFLEET_MAX_SUMMARY_CHARS = env.int("SKILLFLEET_MAX_SUMMARY_CHARS", default=2000)
SKILLFLEET_MAX_LABELS = env.int("SKILLFLEET_MAX_LABELS", default=50)

# How often; a number per s, min, h or d, empty for no limit. Counted per person or
# address (write), per address (login), per user name at an address (login_name).
SKILLFLEET_RATES = {
    "write": rate("SKILLFLEET_WRITE_RATE", default="600/min"),
    "login": rate("SKILLFLEET_LOGIN_RATE", default="30/min"),
    "login_name": rate("SKILLFLEET_LOGIN_NAME_RATE", default="10/min"),
}

# Who may read without logging in: nobody, unless this is on.
SKILLFLEET_PUBLIC_READ = env.bool("SKILLFLEET_PUBLIC_READ", default=False)

# API tokens and logins.
SKILLFLEET_LOGIN_HOURS = env.int("SKILLFLEET_LOGIN_HOURS", default=12)
SKILLFLEET_TOKEN_DAYS = env.int("SKILLFLEET_TOKEN_DAYS", default=90)
SKILLFLEET_MAX_TOKEN_DAYS = env.int("SKILLFLEET_MAX_TOKEN_DAYS", default=366)
SKILLFLEET_TOKENS_PER_USER = env.int("SKILLFLEET_TOKENS_PER_USER", default=50)
SKILLFLEET_LOGINS_PER_USER = env.int("SKILLFLEET_LOGINS_PER_USER", default=50)
