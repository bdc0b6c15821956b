def canEnter(banned, member, guest):
    return not banned and (member or guest)
