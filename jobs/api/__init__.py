"""The API of jobs, the questions they ask, and the drafts they write."""
