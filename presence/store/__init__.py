"""The rows of a tenant's presence: a manifest, pages of all people, and deltas of later changes."""
