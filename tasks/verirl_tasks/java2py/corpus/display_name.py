def displayName(nickname, login):
    if nickname is None or nickname == "":
        return "anonymous" if login is None else login
    return nickname
