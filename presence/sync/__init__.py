"""Synchronise the statuses of a tenant's people with Graph.

`dispatch` decides which tenants are due, `sync_tenant` syncs one, and `refresh` requests the
statuses of people on a screen.
"""
