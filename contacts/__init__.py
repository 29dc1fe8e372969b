"""Contacts for agents: search, lists, number lookup, details and export.

An account's directories are read together, or one of them alone. `endpoints` (HTTP) calls one
module per use (`search`, `listing`, `number_lookup`, `details`, `unparsed_numbers`, `export`), which reads the
tables. Only active people have the rows that are read here, so only they are shown.
"""
