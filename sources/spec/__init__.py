"""What `sources.yml` may say: systems and their lists, dropped files and their layouts, strictly typed.

Belongs here: the words of that file, and reading it. Doesn't: doing what they say (http, pull, files).
"""
