"""The OpenAPI descriptions of the JSON API and of SCIM, served at `/api/openapi.json`.

`openapi-3.1.json` and `openapi-3.0.json` are generated from the operations and models of the
features by `python -m local api`; the app serves the files, so a request imports none of these modules.
"""
