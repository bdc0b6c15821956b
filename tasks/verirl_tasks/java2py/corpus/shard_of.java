// method: shardOf | level: 2 | tags: abs-min, remainder, exceptions
class Solution {
    static int shardOf(int key, int shards) {
        if (shards <= 0) {
            throw new IllegalArgumentException("shards: " + shards);
        }
        return Math.abs(key) % shards;
    }
}
