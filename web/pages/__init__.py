"""The pages: one module per page, with functions that turn a page request into a response."""
