"""The client of Microsoft's services: tokens, getPresencesByUserId, its rate limit, and reasons of failures."""
