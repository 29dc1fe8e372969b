"""The OpenAPI descriptions of the JSON API and of SCIM, served at `/api/openapi.json`.

`python -m local api --write` generates the files `openapi-3.1.json` and `openapi-3.0.json` from the
operations (`local/openapi/`) and from the response models of the features.
"""
