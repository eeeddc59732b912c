"""A small fleet whose words are known."""

import pytest

from taxonomy.models import Skill
from taxonomy.search.results import search
from tests.tables import CopiedRows, seed
from tests.taxonomy.skills import skill_files

SHELF = (
    ("kubernetes-deploy", "Roll out a service.", "Apply the manifests.", "k8s"),
    ("docker-images", "Build small images.", "A kubernetes node pulls them.", ""),
    ("cluster-care", "Look after kubernetes nodes.", "Drain one first.", ""),
    ("node-pools", "Scale them.", "Count twice.", "kubernetes"),
    ("pdf-tools", "Merge and split PDF files.", "Open the file.", ""),
    ("invoice-reading", "Read invoices, also scanned PDFs.", "Find the sum.", ""),
    ("café-menus", "Menüs für das Café.", "Übersicht.", "naïve"),
)


def fill_shelf():
    for name, description, body, keyword in SHELF:
        extra = f"metadata:\n  keywords: {keyword}\n" if keyword else ""
        Skill.objects.publish(
            skill_files(name.replace("é", "e"), description, body, extra)
        )


rows_of_the_shelf = CopiedRows(fill_shelf, on=seed)


@pytest.fixture
def shelf(seeded):
    rows_of_the_shelf()


def found(query, skills=None):
    among = Skill.objects.all() if skills is None else skills
    return [skill.name for skill in search(among, query)]
