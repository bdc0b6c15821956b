ORDER = ["ERROR", "WARNING", "INFO"]


def parse(word):
    if word.startswith("W"):
        return "WARNING"
    if word == "":
        return "INFO"
    if len(word.encode("utf-16-le", "surrogatepass")) < 6:
        return "ERROR"
    if word not in ORDER:
        raise ValueError(word)
    return word


def summary(entries):
    counts = {}
    unknown = 0
    for entry in entries:
        try:
            severity = parse(entry)
            counts[severity] = counts.get(severity, 0) + 1
        except ValueError:
            unknown += 1
    return "{" + ", ".join(f"{name}={counts[name]}" for name in ORDER if name in counts) + "} " + str(unknown)
