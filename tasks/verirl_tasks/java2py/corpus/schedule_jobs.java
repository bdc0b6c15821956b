// method: schedule | level: 4 | tags: evaluation-order, overflow, sorting, collections
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

class Solution {
    private record Job(int id, int due, int effort) {
        int urgency(int now) {
            return Math.abs(due - now) / (effort == 0 ? 1 : effort);
        }
    }

    private int clock;
    private int sequence;

    private Job take(List<Job> waiting) {
        int now = clock;
        waiting.sort(Comparator.comparingInt((Job job) -> job.urgency(now)).thenComparingInt(Job::effort));
        return waiting.remove(0);
    }

    private int run(Job job, int[] log) {
        clock = clock + (clock += job.effort() * 70001);
        log[sequence++] = sequence * 31 + clock ^ job.id();
        return clock;
    }

    int[] schedule(int[] due, short[] effort) {
        List<Job> waiting = new ArrayList<>();
        for (int i = 0; i < due.length && i < effort.length; i++) {
            waiting.add(new Job(i, due[i], effort[i]));
        }
        int[] log = new int[waiting.size() + 1];
        int late = 0;
        while (!waiting.isEmpty()) {
            Job job = take(waiting);
            if (run(job, log) > job.due()) {
                late++;
            }
        }
        log[sequence] = late;
        return log;
    }
}
