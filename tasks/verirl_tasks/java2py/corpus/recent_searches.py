def remember(searches):
    recent = {}
    for search in searches:
        recent.pop(search, None)
        recent[search] = True
        if len(recent) > 5:
            del recent[next(iter(recent))]
    return list(recent)
