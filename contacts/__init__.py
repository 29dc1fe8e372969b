"""Contacts for agents: search, lists, number lookup, details and export.

A request reads all directories of the account, or one of them. `endpoints` (HTTP) calls one module per use case
(`search`, `listing`, `number_lookup`, `details`, `unparsed_numbers`, `export`), which reads the tables. The rows that
these modules read exist only for active people, so inactive people are never shown.
"""
