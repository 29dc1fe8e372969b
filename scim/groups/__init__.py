"""SCIM Groups: the same modules as `scim.users`, and `membership`, because members are separate rows.

Adding a member to a group of 50,000 reads and writes as much as adding one to a group of five.
"""
