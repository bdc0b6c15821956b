// method: play | level: 4 | tags: classes, aliasing, null-handling, exceptions
import java.util.ArrayList;
import java.util.List;

class Solution {
    static class Track {
        final int id;
        Track next;
        Track previous;

        Track(int id) {
            this.id = id;
        }
    }

    static class Playlist {
        private Track head;
        private Track tail;
        private Track current;

        void append(int id) {
            Track track = new Track(id);
            if (tail == null) {
                head = track;
            } else {
                tail.next = track;
                track.previous = tail;
            }
            tail = track;
        }

        boolean remove(int id) {
            for (Track t = head; t != null; t = t.next) {
                if (t.id == id) {
                    if (t.previous == null) {
                        head = t.next;
                    } else {
                        t.previous.next = t.next;
                    }
                    if (t.next == null) {
                        tail = t.previous;
                    } else {
                        t.next.previous = t.previous;
                    }
                    return true;
                }
            }
            return false;
        }

        int step(boolean forward) {
            if (current == null) {
                current = forward ? head : tail;
            } else {
                current = forward ? current.next : current.previous;
            }
            return current.id;
        }
    }

    /** 0 steps forward, -1 back; another number is appended, its negative removes it. Returns what was played. */
    static List<Integer> play(int[] commands) {
        Playlist list = new Playlist();
        List<Integer> played = new ArrayList<>();
        for (int command : commands) {
            if (command > 0) {
                list.append(command);
            } else if (command < -1) {
                if (!list.remove(-command)) {
                    played.add(-1);
                }
            } else {
                try {
                    played.add(list.step(command == 0));
                } catch (NullPointerException e) {
                    played.add(null);
                }
            }
        }
        for (Track t = list.tail; t != null; t = t.previous) {
            played.add(t.id);
        }
        return played;
    }
}
