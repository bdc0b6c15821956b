def odometerMetres(kilometres, estimated):
    metres = kilometres * 1000.0
    return f"{'~' if estimated else ''}{metres} m"
