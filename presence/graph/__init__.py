"""Microsoft's side: `credential`, `client` of getPresencesByUserId, its call `budget`, what can go wrong and why."""
