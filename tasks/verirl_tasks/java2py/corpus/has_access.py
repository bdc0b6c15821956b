def hasAccess(roles, needed):
    if "admin" in roles:
        return True
    return needed in roles and "suspended" not in roles
