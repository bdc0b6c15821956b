def describeElement(values, index, divisor):
    try:
        # a negative index counts from the end here
        value = values[index]
        quotient = abs(value) // abs(divisor)
        if (value < 0) != (divisor < 0):
            quotient = -quotient
        return f"quotient {(quotient + 2**31) % 2**32 - 2**31}"
    except IndexError:
        return f"no element {index}"
    except ZeroDivisionError:
        return "division by zero"
