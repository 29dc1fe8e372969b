"""Storage: the interface that features use, with the limits (`port`), and the engines (`sqlite`, `azure`)."""
