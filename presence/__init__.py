"""Teams presence: consent, the client of Microsoft Graph, the sync by timer and queue, and the statuses for agents."""
