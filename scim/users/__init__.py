"""SCIM Users: `service` (use cases) -> `store` (rows to values) -> the tables port; HTTP is in `scim.resource_endpoints`.

`models` is the stored user, `index_rows` what is indexed of it, `contact_cards` what agents see without reading the
record, `query_source` what filters and lists read.
"""
