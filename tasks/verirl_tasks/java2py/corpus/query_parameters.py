def parseQuery(query):
    values = {}
    for pair in query.split("&"):
        key, equals, value = pair.partition("=")
        if equals:
            values[key] = value
        elif pair:
            values.setdefault(key, "")
    return values
