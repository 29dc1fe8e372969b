"""The lowest layer: settings, clock, row keys, table engines, HTTP and sign-in. It imports no feature."""
