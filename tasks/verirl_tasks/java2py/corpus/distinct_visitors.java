// method: visitors | level: 3 | tags: classes, collections, boxed-equality
import java.util.HashSet;
import java.util.Set;

class Solution {
    record Cookie(String id, int site) {}

    static class Session {
        final String id;

        Session(String id) {
            this.id = id;
        }
    }

    /** Distinct cookies (compared by value), sessions (compared by identity) and whether the first id recurs. */
    static int[] visitors(String[] ids, int[] sites) {
        Set<Cookie> cookies = new HashSet<>();
        Set<Session> sessions = new HashSet<>();
        int recurring = 0;
        for (int i = 0; i < ids.length; i++) {
            int site = sites.length == 0 ? 0 : sites[i % sites.length];
            boolean fresh = cookies.add(new Cookie(ids[i], site));
            if (!fresh || sessions.contains(new Session(ids[0]))) {
                recurring++;
            }
            sessions.add(new Session(ids[i]));
        }
        return new int[] {cookies.size(), sessions.size(), recurring};
    }
}
