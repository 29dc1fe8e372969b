"""Keeps a tenant's statuses true: `queue` says who is due, `tenant` syncs one, `demand` asks for people on a screen."""
