class Track:
    def __init__(self, id):
        self.id = id
        self.next = None
        self.previous = None


class Playlist:
    def __init__(self):
        self.head = self.tail = self.current = None

    def append(self, id):
        track = Track(id)
        if self.tail is None:
            self.head = track
        else:
            self.tail.next = track
            track.previous = self.tail
        self.tail = track

    def remove(self, id):
        t = self.head
        while t is not None:
            if t.id == id:
                if t.previous is None:
                    self.head = t.next
                else:
                    t.previous.next = t.next
                if t.next is None:
                    self.tail = t.previous
                else:
                    t.next.previous = t.previous
                return True
            t = t.next
        return False

    def step(self, forward):
        if self.current is None:
            self.current = self.head if forward else self.tail
        else:
            self.current = self.current.next if forward else self.current.previous
        return None if self.current is None else self.current.id


def play(commands):
    playlist = Playlist()
    played = []
    for command in commands:
        if command > 0:
            playlist.append(command)
        elif command < -1:
            if not playlist.remove(-command):
                played.append(-1)
        else:
            played.append(playlist.step(command == 0))
    t = playlist.tail
    while t is not None:
        played.append(t.id)
        t = t.previous
    return played
