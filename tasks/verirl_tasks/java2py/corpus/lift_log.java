// method: replay | level: 4 | tags: integer-parsing, split, null-handling, exceptions, collections
import java.util.ArrayList;
import java.util.List;

class Solution {
    private static class Lift {
        private int floor;
        private int travelled;
        private Integer reserved;

        void goTo(int target) {
            travelled += Math.abs(target - floor);
            floor = target;
        }

        void release() {
            if (reserved != null) {
                goTo(reserved);
            }
            reserved = null;
        }
    }

    private static Integer parse(String word) {
        if (word.isEmpty()) {
            return null;
        }
        try {
            return Integer.valueOf(word);
        } catch (NumberFormatException e) {
            return word.length();
        }
    }

    static List<Integer> replay(String log, Integer home) {
        Lift lift = new Lift();
        if (home != null) {
            lift.goTo(home);
        }
        String[] words = log.split(" ");
        List<Integer> stops = new ArrayList<>();
        for (String word : words) {
            Integer target = parse(word);
            if (target == null) {
                lift.release();
                stops.add(-1);
            } else if (target % 2 == 1) {
                lift.reserved = target;
            } else {
                lift.goTo(target);
                stops.add(lift.floor);
            }
        }
        stops.add(lift.travelled);
        if (lift.reserved != null && lift.reserved < words.length) {
            throw new IllegalStateException("reserved " + lift.reserved);
        }
        return stops;
    }
}
