BLANKS = "".join(map(chr, range(33)))


def addressLine(street, city, zip):
    line = ""
    if street is not None:
        line = line + street.strip(BLANKS) + ", "
    line += "null" if zip is None else str(zip)
    line += " "
    if city:
        return line + city
    if zip is None:
        return city
    return line + "(" + ("null" if city is None else city) + ")"
