def history(actions):
    snapshots = []
    current = []
    for action in actions:
        if action == "save":
            snapshots.append(current)
        elif action == "copy":
            snapshots.append(list(current))
        elif action == "clear":
            current.clear()
        elif action == "new":
            current = []
        else:
            current.append(action)
        if len(snapshots) > 20:
            snapshots.pop(0)
    snapshots.append(current)
    return snapshots
