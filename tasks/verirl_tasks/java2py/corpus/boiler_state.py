def boilerState(celsius):
    if celsius >= 95.0:
        return "hot"
    elif celsius >= 40.0:
        return "warm"
    elif celsius < 40.0:
        return "cold"
    return "sensor error"
