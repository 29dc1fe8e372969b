"""The pages, rendered on the server.

They are External Directories with its wizard, a directory, and the Organisation page. `pages` has a
module per page (request -> view), `templates` their markup, `texts` every text in each language,
and `static` the files that browsers cache. Pages contain no business rules: they call the services
of the lower packages.
"""
