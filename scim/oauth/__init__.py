"""Sign-in of provisioning clients by OAuth 2.0: client credentials (RFC 6749) and signed assertions (RFC 7523)."""
