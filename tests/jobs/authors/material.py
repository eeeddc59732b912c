"""Sources, and comparisons of a draft with the sources that it was written from."""

import os
import re
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

from markdown_it import MarkdownIt

from jobs.authors.base import Assignment, SourceDocument, TopicAnswer
from jobs.authors.template import TemplateAuthor
from taxonomy.files.gate import Files
from taxonomy.package import SkillPackage

BESIDE = Path(__file__).resolve().parents[3].parent / "shared" / "corpus"
CORPUS = Path(os.environ.get("SKILLFLEET_CORPUS", BESIDE)) / "sources"
HEADINGS = {
    *("When to use", "Prerequisites", "Instructions", "Examples", "Constraints"),
    *("Warnings", "Troubleshooting", "References", "See also", "Further notes"),
    *("Further sections", "Details"),
}
DEPLOY = """# Deploy the site

The site runs on two hosts behind a proxy.

## Before you start

You need an account on both hosts.

## Release the image

* Build the image:

        $ make image

* Push the image to the registry:

  ```sh
  docker push registry.example.org/site
  ```

:::{warning}
Never push on a Friday.
:::

## Troubleshooting

If the proxy answers 502, restart it:

```sh
systemctl restart proxy
```
"""


def assignment(
    text: str = DEPLOY,
    brief: str = "Deploy the site to both hosts",
    name: str = "deploy.md",
    **fields: object,
) -> Assignment:
    sources = (SourceDocument(name, "text/markdown", text),) if text else ()
    return Assignment(brief, sources=sources, **fields)  # type: ignore[arg-type]


def written(task: Assignment) -> Files:
    """The draft, written by the same calls as in a job."""
    author = TemplateAuthor()
    task = replace(task, brief=task.brief or author.refine(task))
    return author.write(task, author.evals(task))


def answered(task: Assignment, **answers: str) -> Assignment:
    replies = tuple(TopicAnswer(topic, "?", text) for topic, text in answers.items())
    return replace(task, answers=replies)


def body_of(files: Files) -> str:
    return SkillPackage(files).reading.body


def description_of(files: Files) -> str:
    return str(SkillPackage(files).reading.frontmatter["description"])


def text_of(files: Files, path: str) -> str:
    return next(f.content.decode() for f in files if f.path == path)


def pages_of(files: Files) -> list[str]:
    """The Markdown of every file, without the frontmatter."""
    rest = [f.content.decode() for f in files if f.path != "SKILL.md"]
    return [body_of(files), *rest]


def code_in(text: str) -> list[str]:
    tokens = MarkdownIt("commonmark").parse(text)
    return [t.content for t in tokens if t.type in ("fence", "code_block")]


def occurs_verbatim(block: str, source: str) -> bool:
    """Whether lines of the source, dedented, are exactly this block, dedented."""
    expected = dedent(block).rstrip("\n").split("\n")
    lines = source.split("\n")
    return any(
        dedent("\n".join(lines[at : at + len(expected)])).split("\n") == expected
        for at in range(len(lines) - len(expected) + 1)
    )


def bare_words(text: str) -> str:
    """The words in lower case, separated and surrounded by single spaces. A link
    becomes its text; a role or tag before code is dropped."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", text)
    text = re.sub(r"\[([^\]]*)\]\([^)\s]*\)", r"\1", text)
    text = re.sub(r"\{[\w:+.-]+\}(?=`)", " ", text)
    text = re.sub(r"<[^<>`\n]*>(?=`)", " ", text)
    words = re.findall(r"[^\W_]+", text.lower())
    return f" {' '.join(words)} "


def from_nowhere(files: Files, *origins: str) -> list[str]:
    """The sentences of the draft that occur in none of the origins."""
    origin_text = " | ".join(bare_words(origin) for origin in origins)
    unsupported = []
    for page in pages_of(files):
        for token in MarkdownIt("commonmark").parse(page):
            if token.type == "inline":
                unsupported += [
                    s
                    for s in _claims(token.content)
                    if bare_words(s) not in origin_text
                ]
    return unsupported


def _claims(content: str) -> list[str]:
    """Its sentences, without our own headings and the line that begins with `Use
    when`."""
    line = " ".join(content.split())
    line = re.sub(r"^\[[^\]]*\]\(references/[^)]*\)(?:: )?", "", line)
    if line in HEADINGS or line.startswith("Use when "):
        return []
    return [part for part in re.split(r"(?<=[.!?]) ", line) if bare_words(part).strip()]
