"""SCIM Groups: like `scim.users`, and `membership`, since members are rows of their own.

Adding one member to a group of 50,000 reads and writes as much as adding one to a group of five.
"""
