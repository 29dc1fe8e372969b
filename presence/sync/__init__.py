"""Synchronization of a tenant's statuses with Graph.

`dispatch` decides which tenants are due, `sync_tenant` syncs one, `refresh` asks for people on a
screen.
"""
