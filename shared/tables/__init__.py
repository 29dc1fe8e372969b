"""One narrow port to the tables (`port`), two engines (`sqlite`, `azure`), the limits both keep (`limits`)."""
