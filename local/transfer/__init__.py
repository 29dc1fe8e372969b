"""Backup and restore: write every row of a deployment to a file, and store a file's rows in any engine."""
