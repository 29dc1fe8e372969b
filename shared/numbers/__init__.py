"""Phone numbers: parse values as clients send them, derive E.164 forms, and derive the keys for lookups."""
