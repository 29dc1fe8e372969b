"""The pages, rendered on the server: External Directories with its wizard, a directory, the Organisation page.

`pages` has a module a page (request -> view), `templates` how it looks, `texts` every word of it in each language,
`static` what browsers keep. No business rule lives here: pages ask the services of the features below.
"""
