def history(actions):
    snapshots = []
    current = []
    for action in actions:
        if action in ("save", "copy"):
            snapshots.append(current[:])
        elif action in ("clear", "new"):
            current = []
        else:
            current.append(action)
        if len(snapshots) > 20:
            snapshots.pop(0)
    snapshots.append(current)
    return snapshots
