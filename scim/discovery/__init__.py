"""What a client can ask about this service provider (RFC 7644 section 4): configuration, resource types, schemas."""
