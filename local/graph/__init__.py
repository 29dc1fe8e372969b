"""A simulator of Microsoft's login service and of Microsoft Graph presence, for the demo and for tests.

It behaves as documented, faults included, and is not part of the deployed product.
"""
