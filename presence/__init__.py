"""Teams presence: consent, the Graph client, the sync by timer and queue, and the statuses for agents."""
