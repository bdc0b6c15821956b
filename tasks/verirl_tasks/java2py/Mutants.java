// Runs many mutants of a method on the inputs of the method itself, and says where they do something else. Stands beside
// Runner.java, whose compiler, caller and limits it uses; strength.py has the format. Exit code 3 as in Runner.
//
// job: one JSON array a line: [class, method, limits, [arguments, ...], [source, ...], whole]; the first source is the
//      original, and the sources stand in packages p0, p1, ..., counted over all lines.
// out: one JSON array a line, an item for each source: null where it does not compile, else a list of the inputs on which
//      the answer is not the original's, with `whole` as [input, answer, the original's]; of the original, the inputs that
//      it drops. An answer is [outcome, value, arguments after, arguments before], or a text where it was dropped.

import java.io.*;
import java.nio.file.*;
import java.util.*;

public final class Mutants {
    public static void main(String[] args) throws Exception {
        List<List<Runner.Job>> groups = new ArrayList<>();
        List<Boolean> whole = new ArrayList<>();
        List<Runner.Job> all = new ArrayList<>();
        for (String text : Files.readAllLines(Path.of("job"))) {
            List<?> parts = (List<?>) new Runner.Json(text).value();
            List<Runner.Job> group = new ArrayList<>();
            for (Object source : (List<?>) parts.get(4)) {
                Runner.Job job = new Runner.Job(all.size(), List.of("p" + all.size(), parts.get(0), parts.get(1), parts.get(2), source, parts.get(3)));
                group.add(job);
                all.add(job);
            }
            groups.add(group);
            whole.add((Boolean) parts.get(5));
        }
        try (Writer out = Files.newBufferedWriter(Path.of("out"))) {
            System.setIn(new Runner.Refused());
            System.setOut(new PrintStream(OutputStream.nullOutputStream()));
            System.setErr(new PrintStream(OutputStream.nullOutputStream()));
            Map<String, byte[]> classes = new HashMap<>();
            Runner.compileAll(all, classes);
            ClassLoader fuel = new Runner.Loader(Runner.class.getClassLoader(), classes, "verirl");
            Class<?> gauge = fuel.loadClass("verirl.Fuel");
            Runner.limit = gauge.getField("limit"); Runner.steps = gauge.getField("steps"); Runner.path = gauge.getField("path");
            Runner.depth = gauge.getField("depth"); Runner.deepest = gauge.getField("deepest"); Runner.spent = gauge.getField("spent");
            Throwable[] failed = new Throwable[1];
            Thread worker = new Thread(null, () -> {
                try {
                    for (int index = 0; index < groups.size(); index++) compare(groups.get(index), whole.get(index), classes, fuel, out);
                } catch (Throwable error) {
                    failed[0] = error;
                }
            }, "calls", 4L << 20);
            Thread watch = new Thread(() -> Runner.watch(worker, all), "watch");
            watch.setDaemon(true);
            worker.start();
            watch.start();
            worker.join();
            if (failed[0] != null) {
                failed[0].printStackTrace(new PrintStream(new FileOutputStream(FileDescriptor.err), true));
                Runtime.getRuntime().halt(4);
            }
        }
        Files.writeString(Path.of("done"), "");
        Runtime.getRuntime().halt(0);
    }

    static void compare(List<Runner.Job> group, boolean whole, Map<String, byte[]> classes, ClassLoader fuel, Writer out) throws Exception {
        Runner.Job first = group.get(0);
        StringBuilder text = new StringBuilder("[");
        for (Runner.Job job : group) {
            if (job.error == null) job.pass(classes, fuel, false);
            if (job != first) text.append(',');
            if (job.error != null || first.error != null) { text.append("null"); continue; }
            text.append('[');
            boolean some = false;
            for (int at = 0; at < job.answers.length; at++) {
                String mine = job.answers[at], right = first.answers[at];
                boolean dropped = right.startsWith("\"");
                if (job == first ? !dropped : dropped || mine.equals(right) || thrown(mine) && thrown(right)) continue;
                if (some) text.append(',');
                some = true;
                if (whole && job != first) {
                    text.append('[').append(at).append(',').append(closed(mine)).append(',').append(closed(right)).append(']');
                } else {
                    text.append(at);
                }
            }
            text.append(']');
            job.records = null;
            if (job != first) job.answers = null;
        }
        first.answers = null;
        out.write(text.append("]\n").toString());
        out.flush(); // a later group may end the program
    }

    static String closed(String answer) { return answer.startsWith("[") ? answer + "]" : answer; }

    /** All exceptions are one, as they are to whoever judges a translation. */
    static boolean thrown(String answer) { return answer.startsWith("[\"exception\""); }
}
