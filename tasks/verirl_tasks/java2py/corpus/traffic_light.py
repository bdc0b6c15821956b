def nextAction(light):
    if light == "r":
        return "stop"
    if light == "y":
        return "slow down"
    if light == "g":
        return "go"
    return "check the light"
