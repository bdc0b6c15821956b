def valid(booking):
    return booking is not None and len(booking) >= 2


def merge(bookings):
    merged = []
    last = None
    for booking in bookings:
        if not valid(booking):
            continue
        if last is not None and booking[0] <= last[1]:
            last[1] = max(last[1], booking[1])
            booking[0] = last[0]
        else:
            last = booking
            merged.append(last)
    return merged


def mergeBookings(bookings):
    if bookings is None:
        return []
    for booking in bookings:
        if valid(booking) and booking[0] > booking[1]:
            booking[0], booking[1] = booking[1], booking[0]
    bookings.sort(key=lambda booking: booking[0] if valid(booking) else 2**31 - 1)
    result = merge(bookings)
    if result:
        result[-1][1] |= 1
    return result
