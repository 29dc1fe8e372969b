"""Many operations in one request (RFC 7644 section 3.7) and queries over all resource types (section 3.4.3)."""
