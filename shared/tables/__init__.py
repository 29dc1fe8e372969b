"""One narrow port to the tables with the limits that both engines keep (`port`), and the engines (`sqlite`, `azure`)."""
