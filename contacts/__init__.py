"""What agents read: people of a directory or of all the account's directories, search, numbers, export.

`endpoints` (HTTP) -> a module a use (`search`, `listing`, `lookup`, `details`, `attention`, `export`) -> tables port.
Only active people have the rows that are read here, so nobody else is ever shown.
"""
