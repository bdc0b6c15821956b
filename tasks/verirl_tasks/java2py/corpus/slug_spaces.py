def slug(title):
    dashed = title.replace(" ", "-")
    return dashed.replace("--", "-")
