"""The base of every feature, which knows no feature: settings, clock, keys, tables port, HTTP, sign-in."""
