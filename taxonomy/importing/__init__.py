"""Bringing skills in from elsewhere: read, judged, placed and published one by one.

`bringing.Import(source, options).run()` is the whole of it; the command, the API and
tests go through it. A skill is imported whole or not at all.
"""
