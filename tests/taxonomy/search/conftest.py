"""A small fleet of skills with known words."""

import pytest

from taxonomy.models import Skill
from taxonomy.search.results import search
from tests.tables import CopiedRows, seed
from tests.taxonomy.skills import skill_files

SEARCHABLE = (
    ("kubernetes-deploy", "Roll out a service.", "Apply the manifests.", "k8s"),
    ("docker-images", "Build small images.", "A kubernetes node pulls them.", ""),
    ("cluster-care", "Look after kubernetes nodes.", "Drain one first.", ""),
    ("node-pools", "Scale them.", "Count twice.", "kubernetes"),
    ("pdf-tools", "Merge and split PDF files.", "Open the file.", ""),
    ("invoice-reading", "Read invoices, also scanned PDFs.", "Find the sum.", ""),
    ("café-menus", "Menüs für das Café.", "Übersicht.", "naïve"),
)


def make_searchable_skills():
    for name, description, body, keyword in SEARCHABLE:
        extra = f"metadata:\n  keywords: {keyword}\n" if keyword else ""
        Skill.objects.publish(
            skill_files(name.replace("é", "e"), description, body, extra)
        )


searchable_rows = CopiedRows(make_searchable_skills, on=seed)


@pytest.fixture
def searchable_skills(seeded):
    searchable_rows()


def search_names(query, skills=None):
    among = Skill.objects.all() if skills is None else skills
    return [skill.name for skill in search(among, query)]
