def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def idiv(a, b):
    """Java integer division: truncates towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def from_epoch(days):
    z = i32(days + 719468)
    era = idiv(z if z >= 0 else i32(z - 146096), 146097)
    of_era = i32(z - era * 146097)
    year_of_era = idiv(of_era - idiv(of_era, 1460) + idiv(of_era, 36524) - idiv(of_era, 146096), 365)
    day_of_year = of_era - (365 * year_of_era + idiv(year_of_era, 4) - idiv(year_of_era, 100))
    shifted = idiv(5 * day_of_year + 2, 153)
    day = day_of_year - idiv(153 * shifted + 2, 5) + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day


def pad(n):
    return f"0{n}" if n < 10 else str(n)


def describeDay(seconds, zoneHours):
    days = i32(idiv(seconds, 86400))
    rest = irem(seconds, 86400) + irem(zoneHours, 24) * 3600
    if rest < 0:
        days = i32(days - 1)
        rest += 86400
    year, month, day = from_epoch(days)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    weekday = irem(i32(days + 4), 7)
    text = f"{year}-{pad(month)}-{pad(day)}{'*' if leap else ''}"
    return f"{text} d{weekday} h{idiv(rest, 3600)}:{idiv(irem(rest, 3600), 60)}"
