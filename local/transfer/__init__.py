"""Backup and restore: every row of a deployment to a file, and from a file into any engine."""
