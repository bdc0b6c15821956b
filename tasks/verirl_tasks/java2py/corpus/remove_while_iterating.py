def withdraw(entries, name):
    visited = 0
    cursor = 0
    changed = False
    # An iterator of ArrayList ends where the cursor is the size, and only then looks whether the list was changed.
    while cursor != len(entries):
        if changed:
            raise RuntimeError("the list was changed during the walk")
        entry = entries[cursor]
        cursor += 1
        visited += 1
        if entry == name:
            entries.remove(entry)
            changed = True
    return visited
