"""The SCIM 2.0 protocol core: pure functions over plain dicts, without I/O.

errors            the one exception, with the message that it carries
attributes        the parts of a schema; the table of names of a resource type
schemas           every schema and resource type (user_schema, group_schema, discovery_schemas)
attribute_values  checks one attribute's value as a client sent it
resources         bodies of POST and PUT
notes             the parts of a request that were not stored
filters           the filter language (lexer, parser, operators, filter_ast; grammar: filter.abnf)
patch             PATCH (patch_body: the message; patch_path: paths; multi_valued: elements; member_patch: members)
projection        attributes and excludedAttributes
sorting           sortBy
interop           each deviation of a real client from the RFCs, with its source
"""
