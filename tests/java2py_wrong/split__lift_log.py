import re


def wrap(x):
    return (x + 2**31) % 2**32 - 2**31


def distance(a, b):
    d = abs(wrap(a - b))
    return wrap(d)


def parse(word):
    if word == "":
        return None
    if re.fullmatch(r"[+-]?\d+", word) and wrap(int(word)) == int(word):
        return int(word)
    return len(word.encode("utf-16-le", "surrogatepass")) // 2


def replay(log, home):
    floor = travelled = 0
    reserved = None
    if home is not None:
        travelled, floor = distance(home, 0), home
    stops = []
    words = log.split(" ")
    for word in words:
        target = parse(word)
        if target is None:
            if reserved is not None:
                travelled, floor = wrap(travelled + distance(reserved, floor)), reserved
            reserved = None
            stops.append(-1)
        elif target > 0 and target % 2 == 1:
            reserved = target
        else:
            travelled, floor = wrap(travelled + distance(target, floor)), target
            stops.append(floor)
    stops.append(travelled)
    if reserved is not None and reserved < len(words):
        raise RuntimeError(f"reserved {reserved}")
    return stops
