"""SCIM Users: `service` (operations) calls `store` (rows), which calls the tables port; HTTP is in `scim.endpoints`.

`models` is the stored user, `index_rows` its index, `contact_cards` the part that agents see
without reading the record, `query_source` the source of filters and lists.
"""
