"""SCIM 2.0 service provider: users, groups, discovery, bulk and the token endpoint of provisioning clients."""
