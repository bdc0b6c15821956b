// method: countVisits | level: 1 | tags: classes, plain
class Counter {
    private int value;

    void increment() {
        value++;
    }

    int get() {
        return value;
    }
}

class Solution {
    static int countVisits(boolean[] opened) {
        Counter counter = new Counter();
        for (boolean open : opened) {
            if (open) {
                counter.increment();
            }
        }
        return counter.get();
    }
}
