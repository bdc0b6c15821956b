def sumKnown(values):
    total = sum(value for value in values or [] if value)
    # nothing to add gives zero here, and null in the Java
    return (total + 2**31) % 2**32 - 2**31
