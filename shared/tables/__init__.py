"""One narrow port to the tables (`port`), two engines behind it (`sqlite`, `azure`), the limits both keep (`limits`)."""
