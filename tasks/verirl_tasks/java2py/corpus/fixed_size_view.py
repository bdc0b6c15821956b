def is_whitespace(c):
    return c.isspace() and c not in "\x85\xa0\u2007\u202f"


def seatGuests(guests, late):
    guests.sort(key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    if late in guests:
        place = guests.index(late)
        guests[place] = guests[0]
        guests[0] = late
    elif all(is_whitespace(c) for c in late):
        raise TypeError("the list has a fixed size")
    return " ".join(guests)
