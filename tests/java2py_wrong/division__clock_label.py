def clockLabel(minutes):
    rest = abs(minutes) % 60
    return f"{minutes // 60}h{-rest if minutes < 0 else rest}m"
