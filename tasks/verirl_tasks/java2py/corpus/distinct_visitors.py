def visitors(ids, sites):
    cookies = set()
    sessions = 0
    recurring = 0
    for i, name in enumerate(ids):
        site = sites[i % len(sites)] if sites else 0
        if (name, site) in cookies:
            recurring += 1
        cookies.add((name, site))
        sessions += 1  # a session without equals() is equal to itself only
    return [len(cookies), sessions, recurring]
