"""What every feature stands on and that knows no feature: settings, clock, keys, tables port, HTTP answers, sign-in."""
