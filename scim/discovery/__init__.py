"""Discovery (RFC 7644 section 4): configuration, resource types and schemas."""
