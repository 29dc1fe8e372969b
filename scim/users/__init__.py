"""SCIM Users: `endpoints` (HTTP) -> `service` (one function a use) -> `store` (rows to values) -> the tables port.

`record` is the stored user, `rows` what is indexed of it, `cards` what agents see without reading the record.
"""
