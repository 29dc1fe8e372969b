"""The pages and the MCP server: HTML is rendered on the server.

Administrators use External Directories (the list with its wizard, and a directory's pages); agents
use the Organisation page. `pages` has one module per page (request -> response), `templates` the
markup, and `static` the files that browsers cache. The texts in each language are in
`shared/locales`. Pages contain no business rules: they call the services of the lower packages.
"""
