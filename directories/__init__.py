"""Directories: each has one company's people, an address for SCIM, credentials and a provisioning log.

`store` reads and writes the rows, `service` and `credentials` have the rules, `authenticate` guards
the SCIM endpoints, and `endpoints` is the JSON API for administrators, which the set-up wizard uses
too.
"""
