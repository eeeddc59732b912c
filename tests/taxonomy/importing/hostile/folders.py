"""Folders with entries that only a file system can hold."""

import os
import random
import socket
from pathlib import Path

from tests.taxonomy.importing.hostile import skill_md, trick


def evil(rng: random.Random, place: Path) -> Path:
    folder = place / "source" / "evil"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_bytes(skill_md(rng))
    return folder


@trick("link or a device")
def folder_with_a_link(rng, place):
    folder = evil(rng, place)
    target = rng.choice(["/etc/passwd", "/etc", "../..", "SKILL.md", "/nowhere"])
    (folder / "notes.md").symlink_to(target)
    return folder.parent


@trick("link or a device")
def folder_whose_skill_md_is_a_link(rng, place):
    folder = evil(rng, place)
    (folder / "SKILL.md").rename(place / "outside")
    (folder / "SKILL.md").symlink_to(place / "outside")
    return rng.choice([folder, folder.parent])


@trick("no SKILL.md")
def folder_of_links_to_skills(rng, place):
    folder = evil(rng, place)
    (place / "links").mkdir()
    (place / "links" / "evil").symlink_to(folder)
    (place / "links" / "loop").symlink_to(place / "links")
    return place / "links"


@trick("link or a device")
def folder_with_a_pipe(rng, place):
    """A process that opens the pipe for reading waits for ever."""
    folder = evil(rng, place)
    os.mkfifo(folder / "notes.md")
    return folder.parent


@trick("link or a device")
def folder_with_a_socket(rng, place):
    folder = evil(rng, place)
    working_folder = os.getcwd()
    os.chdir(folder)  # the path of a socket is limited to about 100 characters
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
    os.chdir(working_folder)
    return folder.parent


@trick("neither a folder nor a file")
def source_that_is_a_pipe_or_device(rng, place):
    os.mkfifo(place / "it.zip")
    return rng.choice([place / "it.zip", Path("/dev/zero"), Path("/dev/null")])


@trick("files, at most")
def folder_of_very_many_files(rng, place):
    folder = evil(rng, place)
    for number in range(rng.randrange(70, 300)):
        (folder / f"{number}").touch()
    return folder.parent


@trick("files and folders")
def folders_of_very_many_files_beside_skills(rng, place):
    folder = evil(rng, place)
    for number in range(2_001):
        (folder.parent / f"{number}").touch()
    return folder.parent


@trick("folders")
def folder_of_very_many_folders(rng, place):
    folder = evil(rng, place)
    for number in range(rng.randrange(70, 99)):
        (folder / f"{number}").mkdir()
    return folder.parent


@trick("too long")
def folders_that_are_very_deep(rng, place):
    folder = evil(rng, place)
    deep = folder.joinpath(*(["d" * 50] * rng.randrange(5, 9)))
    deep.mkdir(parents=True)
    (deep / "notes.md").write_text("harm")
    return folder.parent


@trick("U+")
def folder_with_names_in_another_encoding(rng, place):
    folder = evil(rng, place)
    raw = os.fsencode(folder) + b"/" + bytes([rng.randrange(0x80, 0xC0)] * 3)
    with open(raw, "wb") as file:
        file.write(b"harm")
    return folder.parent


@trick("U+")
def folder_with_control_characters(rng, place):
    folder = evil(rng, place)
    (folder / f"a{chr(rng.randrange(1, 32))}b").write_text("harm")
    return folder.parent
