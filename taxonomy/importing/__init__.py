"""Imports skills from a folder, a git checkout or an archive.

The command, the API and the tests run `importer.Importer(source, options).run()`. Each
skill is imported whole or not at all.
"""
