BLANKS = "".join(map(chr, range(33)))


def is_blank(text):
    return all(c.isspace() and c not in "\x85\xa0\u2007\u202f" for c in text)


class Template:
    def __init__(self, values):
        self.values = values
        self.problems = []

    def modify(self, value, modifier):
        kind = modifier.lower()
        if kind == "upper":
            return value.upper()
        if kind == "trim":
            return value.strip(BLANKS)
        if kind == "first":
            return value.encode("utf-16-le", "surrogatepass")[:2].decode("utf-16-le", "surrogatepass") or value[0]
        if kind == "quote":
            return '"' + value.replace('"', '\\"') + '"'
        self.problems.append(modifier)
        return value

    def lookup(self, name):
        key, *modifiers = name.split(":")
        value = self.values.get(key)
        if value is None and is_blank(key):
            value = "null"
        if value is None:
            self.problems.append(key)
            return ""
        for modifier in modifiers:
            value = self.modify(value, modifier)
        return value


def fill(template, values):
    filler = Template(values)
    out = ""
    start = 0
    while True:
        opening = template.find("{", start)
        if opening < 0:
            break
        closing = template.find("}", opening)
        out += template[start:opening]
        if closing < 0:
            raise ValueError("not closed: " + template[opening:])
        out += filler.lookup(template[opening + 1 : closing])
        start = closing + 1
    out += template[start:]
    return out + "|" + ",".join(filler.problems) if filler.problems else out
