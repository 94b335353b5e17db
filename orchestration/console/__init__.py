"""What commands do and say: runs in this process, children, texts for people, JSON for programs.

Belongs here: the work behind a command. Doesn't: its options (commands), watching the service (operating).
"""
