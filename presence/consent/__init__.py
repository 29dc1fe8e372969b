"""Connect a directory to its company's presence, and disconnect it.

`service` has the actions of administrators, `flow` the redirects to Microsoft and back,
`auth_requests` the data stored between them, `probe` the checks whether consent has taken effect,
and `status` the state of the connection.
"""
