"""The client of Microsoft: tokens, getPresencesByUserId, its rate limit, and the reasons for failures."""
