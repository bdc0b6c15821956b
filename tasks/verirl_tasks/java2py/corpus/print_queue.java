// method: simulate | level: 4 | tags: sorting, classes, collections
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

class Solution {
    static class Job implements Comparable<Job> {
        final int id;
        final int pages;
        final int arrival;
        final boolean urgent;

        Job(int id, int pages, int arrival) {
            this.id = id;
            this.pages = pages;
            this.arrival = arrival;
            this.urgent = pages % 5 == 0;
        }

        @Override
        public int compareTo(Job other) {
            if (urgent != other.urgent) {
                return urgent ? -1 : 1;
            }
            int byPages = Integer.compare(pages, other.pages);
            return byPages != 0 ? byPages : Integer.compare(other.id, id);
        }
    }

    /** Job i has sizes[i] % 20 pages, and the next one arrives as many seconds later as the gaps say. */
    static List<String> simulate(int[] sizes, int[] gaps) {
        List<Job> jobs = new ArrayList<>();
        int clock = 0;
        for (int i = 0; i < sizes.length; i++) {
            clock += gaps.length > 0 ? Math.floorMod(gaps[i % gaps.length], 7) : 1;
            jobs.add(new Job(i, Math.floorMod(sizes[i], 20), clock));
        }
        jobs.sort(Comparator.comparingInt(job -> job.arrival));
        PriorityQueue<Job> waiting = new PriorityQueue<>();
        List<String> log = new ArrayList<>();
        int time = 0;
        int next = 0;
        while (next < jobs.size() || !waiting.isEmpty()) {
            if (waiting.isEmpty() && jobs.get(next).arrival > time) {
                time = jobs.get(next).arrival;
            }
            while (next < jobs.size() && jobs.get(next).arrival <= time) {
                waiting.add(jobs.get(next++));
            }
            Job job = waiting.poll();
            log.add("#" + job.id + (job.urgent ? "!" : "") + " at " + time + " waited " + (time - job.arrival));
            time += job.pages;
        }
        log.add("done at " + time);
        return log;
    }
}
