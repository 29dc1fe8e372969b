"""The OpenAPI 3.1 description of the JSON API and of SCIM, served at `/api/openapi.json`.

It stands in `web`, the highest layer, because it describes what all features below offer and they must not know of
each other. What the code knows already is taken from there: request bodies from their pydantic models, users and groups
from the SCIM schemas, limits from the endpoints.
"""
