def middleSeat(first, last):
    return (first + last) // 2
