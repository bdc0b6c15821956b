def roleRights(role):
    rights = ""
    if role == "a":
        rights += "delete "
    elif role == "e":
        rights += "write "
    elif role == "r":
        rights += "read"
    else:
        rights = "none"
    return rights
