"""Rows of people's presence: a manifest, packed pages of everyone, and the deltas since."""
