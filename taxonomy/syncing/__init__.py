"""Keeping a folder and the fleet alike, both ways, without overwriting anyone.

Each skill has three states: here, there, and what both were the last time. Only one
side has changed: the other follows. Both have: a conflict, which somebody decides.
"""
