"""A directory: one company's people, its SCIM address and credentials, its provisioning log.

Row shapes live in `store`, rules in `service` and `credentials`; `authenticate` guards the SCIM endpoints,
`endpoints` is the JSON API that the wizard uses.
"""
