"""Jobs at the terminal, for `manage.py create_skill`."""
