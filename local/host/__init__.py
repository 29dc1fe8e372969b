"""Simulates the Azure Functions host, and the platform's sign-in in front of it, for one function app in one process."""
