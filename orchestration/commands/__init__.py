"""The commands of contracts.md §2, one module a theme; every click command in these modules is a command.

Belongs here: arguments and what is printed. Doesn't: work; each command calls one function.
"""
