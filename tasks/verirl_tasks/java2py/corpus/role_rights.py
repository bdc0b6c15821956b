def roleRights(role):
    if role == "a":
        return "delete write read"
    if role == "e":
        return "write read"
    if role == "r":
        return "read"
    return "none"
