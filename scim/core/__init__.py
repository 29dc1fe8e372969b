"""The SCIM 2.0 protocol core: pure functions over plain dicts, without I/O.

errors      the one exception, and the sentences it is raised with
attributes  what a schema is made of; the table of names of a resource type
schemas     every schema and resource type (user_schema, group_schema, discovery_schemas)
values      one attribute's value as a client sent it, type-checked
resources   bodies of POST and PUT
filters     the filter language (lexer, parser, comparisons, expressions; grammar: filter.abnf)
paths       the paths of PATCH and of attribute lists
patch       PATCH (patch_body: the message; elements: multi-valued attributes; members: a group's members)
projection  attributes and excludedAttributes
sorting     sortBy
clients     each deviation of a real client from the RFCs, with its source
"""
