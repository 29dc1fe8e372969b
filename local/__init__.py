"""Tools for one machine: a local Functions host, simulators, and commands for the stored data. Never deployed."""
