"""Connect a directory to its company's presence, and disconnect it.

`service` has the actions of an administrator, `flow` the redirects to Microsoft and back,
`auth_requests` the data kept between them, `probe` the checks whether consent has arrived, `status`
the state of the connection.
"""
