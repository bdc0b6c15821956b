// method: cacheSlot | level: 2 | tags: hashcode, bit-twiddling
class Solution {
    static int cacheSlot(String url, long session) {
        int h = url.hashCode() ^ Long.hashCode(session);
        return h & 1023;
    }
}
