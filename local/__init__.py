"""Runs the function app on one machine, and the simulators to try it with. Never deployed."""
