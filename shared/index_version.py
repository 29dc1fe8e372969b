"""The version of the rules that derive index rows from users and groups.

Raise it with every change of a row that `scim.users.index_rows`, `scim.groups.models` or a module that they
(`scim.users.contact_cards`, `shared.numbers`, `shared.keys`) derive. Each record stores the version that wrote its index
rows; those of another version are written again in the background (`scim.reindex`). A record without a version has 1.

1. The first release (b9f7b71).
2. The record of a user stores the region that read its numbers, that of a group the keys of its index rows; rules for
   numbers and names of the second release; a row for each report of a manager, and for each unique value.
"""

INDEX_VERSION = 2
