def lastSegment(path):
    if path == "":
        return ""
    segments = path.split("/")
    while segments and segments[-1] == "":
        segments.pop()
    return segments[-1]
