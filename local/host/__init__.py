"""Simulates the Azure Functions host and App Service Authentication, for one function app in one process."""
