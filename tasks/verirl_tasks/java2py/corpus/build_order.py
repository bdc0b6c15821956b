from collections import deque

JAVA_SPACE = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000"


def by_units(name):
    return name.encode("utf-16-be", "surrogatepass")


def buildOrder(rules):
    needed_by = {}
    waiting = {}
    for rule in rules:
        sides = rule.split(">", 2)
        user = sides[0].strip(JAVA_SPACE)
        waiting.setdefault(user, 0)
        if len(sides) == 3:
            raise ValueError("two arrows: " + rule)
        if len(sides) == 2:
            library = sides[1].strip(JAVA_SPACE)
            waiting.setdefault(library, 0)
            users = needed_by.setdefault(library, set())
            if user not in users:
                users.add(user)
                waiting[user] += 1
    ready = deque()
    for name in sorted(waiting, key=by_units):
        if waiting[name] == 0:
            ready.appendleft(name)
    order = []
    while ready:
        following = ready.popleft()
        order.append(following)
        for user in sorted(needed_by.get(following, ()), key=by_units):
            waiting[user] -= 1
            if waiting[user] == 0:
                ready.append(user)
    if len(order) < len(waiting):
        raise RuntimeError("cycle")
    return order
