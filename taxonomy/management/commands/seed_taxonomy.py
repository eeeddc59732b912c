"""`manage.py seed_taxonomy`: creates the initial tree of categories."""

from typing import Any, TypedDict

from django.core.management.base import BaseCommand

from taxonomy.models import Category


class Branch(TypedDict, total=False):
    description: str
    below: "dict[str, Branch]"


def leaves(**descriptions: str) -> dict[str, Branch]:
    """Categories without subcategories; `code_review` becomes code-review."""
    return {
        segment.replace("_", "-"): {"description": description}
        for segment, description in descriptions.items()
    }


TREE: dict[str, Branch] = {
    "development": {
        "description": "Writing software.",
        "below": {
            "languages": {
                "description": "Programming languages, their idioms and tools.",
                "below": leaves(
                    python="Python: packages, typing, tests, tools.",
                    typescript="TypeScript: types, builds, runtimes.",
                    javascript="JavaScript: browsers, Node.js, packages.",
                    go="Go: modules, concurrency, tools.",
                    rust="Rust: crates, ownership, tools.",
                ),
            },
            "frameworks": {
                "description": "Libraries that give an application its shape.",
                "below": leaves(
                    fastapi="FastAPI: typed HTTP services in Python.",
                    react="React: user interfaces from components.",
                    dspy="DSPy: programs over language models.",
                ),
            },
            "practices": {
                "description": "Ways to work on code, whatever the language.",
                "below": leaves(
                    tdd="Test-driven development: red, green, refactor.",
                    testing="Testing: what to test, and how.",
                    refactoring="Refactoring: better form, same behaviour.",
                    code_review="Reviewing changes that others made.",
                ),
            },
        },
    },
    "operations": {
        "description": "Running software.",
        "below": {
            "deployment": {
                "description": "Bringing a release to its machines.",
                "below": leaves(
                    docker="Docker: images, containers, Compose.",
                    kubernetes="Kubernetes: workloads, services, clusters.",
                ),
            },
            **leaves(
                monitoring="Metrics, logs, traces and alerts.",
                cicd="Continuous integration and delivery.",
            ),
        },
    },
    "data": {
        "description": "Keeping, moving and understanding facts.",
        "below": {
            **leaves(
                analytics="Questions put to tables, and their answers.",
                ml="Machine learning: training, evaluation, serving.",
            ),
            "databases": {
                "description": "Database systems.",
                "below": leaves(
                    postgresql="PostgreSQL: schemas, queries, operation.",
                    redis="Redis and Valkey: structures, caching, operation.",
                ),
            },
        },
    },
    "communication": {
        "description": "Writing and speaking for others.",
        "below": leaves(
            documentation="Documents that readers work with.",
            collaboration="Working together: meetings, reviews, messages.",
            presentation="Slides, talks and reports.",
        ),
    },
    "research": {
        "description": "Finding out what is so.",
        "below": leaves(
            analysis="Taking a matter apart.",
            investigation="Following a question through sources.",
            synthesis="Putting findings together.",
        ),
    },
    "uncategorized": {"description": "Skills that nobody has placed yet."},
}


class Command(BaseCommand):
    help = "Create the initial categories. Existing categories are not changed."

    def handle(self, *, verbosity: int, **options: Any) -> None:
        created = Category.objects.create_tree(TREE)
        if verbosity:
            for category in created:
                self.stdout.write(f"created {category.path}")
            self.stdout.write(f"{len(created)} categories created")
