"""The service provider's discovery (RFC 7644 section 4): configuration, resource types, schemas."""
