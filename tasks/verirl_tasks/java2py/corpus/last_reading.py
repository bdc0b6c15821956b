def lastReading(readings, fallback):
    if not readings:
        return fallback
    return readings[-1]
