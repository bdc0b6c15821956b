def units(text):
    data = text.encode("utf-16-be", "surrogatepass")
    return [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]


def bucket(text):
    code = 0
    for unit in units(text):
        code = (code * 31 + unit) & 0xFFFFFFFF
    return (code ^ code >> 16) % 16


def codes(countries):
    seen = []
    for country in countries:
        if len(seen) == 12:
            break
        if len(units(country)) >= 2:
            code = country.encode("utf-16-be", "surrogatepass")[:4].decode("utf-16-be", "surrogatepass").upper()
            if code not in seen:
                seen.append(code)
    return ",".join(sorted(seen, key=bucket))
