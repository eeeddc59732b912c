"""The shapes of the API of jobs, questions and drafts."""
