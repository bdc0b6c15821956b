// Compiles many Java sources at once and calls one method of each on many inputs, twice: in two fresh class loaders, the
// second time in the opposite order. Reads `job`, writes `out`; oracle.py has the format of both.
//
// job: one JSON array a line: [package, class, method, limits, source, [arguments, ...]]
// out: one JSON object a line: {"m": line, "error": ["compile", message]} or {"m": line, "records": [...]}, in which a
//      record is [outcome, value, arguments after, arguments before, steps, path] or, where the input was dropped, a text.
//
// Exit code 3: one call went on for too long; `stuck` names the line and the input. Where a call ends the program, `exited`
// names the line.

import com.sun.management.ThreadMXBean;
import java.io.*;
import java.lang.management.ManagementFactory;
import java.lang.reflect.*;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import javax.tools.*;

public final class Runner {
    static final String FUEL = String.join("\n",
        "package verirl;",
        "public final class Fuel {",
        "    public static long limit, steps, path; public static int depth, deepest; public static boolean spent;",
        "    public static void at(int id) {",
        "        path |= 1L << (id & 63);",
        "        if (++steps > limit) { spent = true; throw new Exhausted(); }",
        "    }",
        "    public static void in() {",
        "        if (++depth > deepest) { spent = true; throw new Exhausted(); }",
        "        if (++steps > limit) { spent = true; throw new Exhausted(); }",
        "    }",
        "    public static void out() { depth--; }",
        "    public static final class Exhausted extends Error {",
        "        Exhausted() { super(null, null, false, false); }",
        "    }",
        "}");
    static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    static Field limit, steps, path, depth, deepest, spent;
    static volatile boolean inCall, readInput;
    static volatile int line, input;
    static volatile long callStarted, cpuStarted;

    public static void main(String[] args) throws Exception {
        List<Job> jobs = new ArrayList<>();
        for (String text : Files.readAllLines(Path.of("job"))) jobs.add(new Job(jobs.size(), (List<?>) new Json(text).value()));
        try (Writer out = Files.newBufferedWriter(Path.of("out"))) {
            System.setIn(new Refused());
            System.setOut(new PrintStream(OutputStream.nullOutputStream()));
            System.setErr(new PrintStream(OutputStream.nullOutputStream()));
            Map<String, byte[]> classes = new HashMap<>();
            compileAll(jobs, classes);
            ClassLoader fuel = new Loader(Runner.class.getClassLoader(), classes, "verirl");
            Class<?> gauge = fuel.loadClass("verirl.Fuel");
            limit = gauge.getField("limit"); steps = gauge.getField("steps"); path = gauge.getField("path");
            depth = gauge.getField("depth"); deepest = gauge.getField("deepest"); spent = gauge.getField("spent");
            Throwable[] failed = new Throwable[1];
            Thread worker = new Thread(null, () -> {
                try {
                    for (Job job : jobs) if (job.error == null) job.pass(classes, fuel, false);
                    for (Job job : jobs) if (job.error == null) job.pass(classes, fuel, true);
                } catch (Throwable error) {
                    failed[0] = error;
                }
            }, "calls", 4L << 20);
            Thread watch = new Thread(() -> watch(worker, jobs), "watch");
            watch.setDaemon(true);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                try { Files.writeString(Path.of("exited"), Integer.toString(line)); } catch (IOException error) { /* nothing is said */ }
            }));
            worker.start();
            watch.start();
            worker.join();
            if (failed[0] != null) {
                failed[0].printStackTrace(new PrintStream(new FileOutputStream(FileDescriptor.err), true));
                Runtime.getRuntime().halt(4);
            }
            for (Job job : jobs) job.write(out);
        }
        Files.writeString(Path.of("done"), "");
        Runtime.getRuntime().halt(0); // whatever threads the methods have started
    }

    /** Ends the program where one call takes too long, by the worker's own CPU time, or waits for ever. */
    static void watch(Thread worker, List<Job> jobs) {
        long seen = -1, began = 0, cpu = 0;
        while (true) {
            try { Thread.sleep(20); } catch (InterruptedException error) { return; }
            if (!inCall) { seen = -1; continue; }
            long now = callStarted;
            if (now != seen) { seen = now; began = System.nanoTime(); cpu = THREADS.getThreadCpuTime(worker.getId()); continue; }
            Job job = jobs.get(line);
            boolean busy = THREADS.getThreadCpuTime(worker.getId()) - cpu > job.cpuMillis * 1_000_000L;
            if ((busy || System.nanoTime() - began > job.cpuMillis * 60_000_000L) && inCall && callStarted == seen) {
                try { Files.writeString(Path.of("stuck"), line + " " + input); } catch (IOException error) { /* the exit code tells */ }
                Runtime.getRuntime().halt(3);
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------- compiling

    static void compileAll(List<Job> jobs, Map<String, byte[]> classes) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<Job> left = new ArrayList<>(jobs);
        while (true) { // an error in one file keeps later stages from the others: so again without, if with Fuel alone
            Map<String, Job> byName = new HashMap<>();
            List<JavaFileObject> units = new ArrayList<>(List.of(new Source("verirl/Fuel.java", FUEL)));
            for (Job job : left) {
                Source unit = new Source(job.name + "/Problem.java", job.source);
                units.add(unit);
                byName.put(unit.getName(), job);
            }
            classes.clear();
            DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
            Memory memory = new Memory(compiler.getStandardFileManager(found, Locale.ENGLISH, StandardCharsets.UTF_8), classes);
            List<String> options = List.of("-nowarn", "-proc:none", "-g:none", "-XDstringConcat=inline", "-implicit:none", "-Xmaxerrs", "100000");
            boolean done;
            try {
                done = compiler.getTask(Writer.nullWriter(), memory, found, options, null, units).call();
            } catch (RuntimeException | StackOverflowError error) { // the compiler itself broke down: one by one
                if (left.size() > 1) {
                    for (Job job : left) {
                        Map<String, byte[]> own = new HashMap<>();
                        compileAll(List.of(job), own);
                        classes.putAll(own);
                    }
                    return;
                }
                for (Job job : left) job.error = new String[] {"compile", "the compiler failed: " + error};
                return;
            }
            if (done) return;
            int before = left.size();
            for (Diagnostic<? extends JavaFileObject> said : found.getDiagnostics()) {
                if (said.getKind() != Diagnostic.Kind.ERROR) continue;
                Job job = said.getSource() == null ? null : byName.get(said.getSource().getName());
                if (job != null && job.error == null) {
                    job.error = new String[] {"compile", "line " + said.getLineNumber() + ": " + said.getMessage(Locale.ENGLISH)};
                }
            }
            left.removeIf(job -> job.error != null);
            if (left.size() == before) {
                String said = found.getDiagnostics().isEmpty() ? "nothing" : found.getDiagnostics().get(0).getMessage(Locale.ENGLISH);
                for (Job job : left) job.error = new String[] {"compile", "the compiler failed and said: " + said};
                return;
            }
        }
    }

    static final class Source extends SimpleJavaFileObject {
        final String text;
        Source(String path, String text) { super(URI.create("string:///" + path), Kind.SOURCE); this.text = text; }
        @Override public CharSequence getCharContent(boolean ignore) { return text; }
    }

    static final class Memory extends ForwardingJavaFileManager<StandardJavaFileManager> {
        final Map<String, byte[]> classes;
        Memory(StandardJavaFileManager manager, Map<String, byte[]> classes) { super(manager); this.classes = classes; }
        @Override public JavaFileObject getJavaFileForOutput(Location where, String name, JavaFileObject.Kind kind, FileObject from) {
            return new SimpleJavaFileObject(URI.create("mem:///" + name.replace('.', '/') + ".class"), kind) {
                @Override public OutputStream openOutputStream() {
                    return new ByteArrayOutputStream() {
                        @Override public void close() { classes.put(name, toByteArray()); }
                    };
                }
            };
        }
    }

    /** Defines the classes of one package. */
    static final class Loader extends ClassLoader {
        final Map<String, byte[]> classes;
        final String prefix;
        Loader(ClassLoader parent, Map<String, byte[]> classes, String name) { super(parent); this.classes = classes; this.prefix = name + "."; }
        @Override protected Class<?> findClass(String name) throws ClassNotFoundException {
            byte[] code = name.startsWith(prefix) ? classes.get(name) : null;
            if (code == null) throw new ClassNotFoundException(name);
            return defineClass(name, code, 0, code.length);
        }
    }

    static final class Refused extends InputStream {
        @Override public int read() { readInput = true; return -1; }
        @Override public int available() { readInput = true; return 0; }
    }

    // --------------------------------------------------------------------------------------------------------- calling

    static final class Job {
        final int number;
        final String name, className, methodName, source;
        final long maxSteps, cpuMillis, maxSize, maxBytes;
        final int maxDepth;
        final boolean before;
        final List<?> inputs;
        String[] error;
        String[] answers, records;

        Job(int number, List<?> parts) {
            this.number = number;
            name = (String) parts.get(0);
            className = (String) parts.get(1);
            methodName = (String) parts.get(2);
            List<?> limits = (List<?>) parts.get(3);
            maxSteps = Long.parseLong(limits.get(0).toString());
            maxDepth = Integer.parseInt(limits.get(1).toString());
            cpuMillis = Long.parseLong(limits.get(2).toString());
            maxSize = Long.parseLong(limits.get(3).toString());
            maxBytes = Long.parseLong(limits.get(4).toString());
            before = (Boolean) limits.get(5);
            source = (String) parts.get(4);
            inputs = (List<?>) parts.get(5);
            answers = new String[inputs.size()];
            records = new String[inputs.size()];
        }

        void pass(Map<String, byte[]> classes, ClassLoader fuel, boolean again) throws Exception {
            line = number;
            Method method = null;
            Constructor<?> constructor = null;
            Type[] types;
            try {
                input = -1;
                Class<?> found;
                enter();
                try {
                    found = Class.forName(name + "." + className, true, new Loader(fuel, classes, name));
                } finally {
                    inCall = false;
                }
                for (Method one : found.getDeclaredMethods()) {
                    if (one.getName().equals(methodName) && !one.isBridge() && !one.isSynthetic()) method = one;
                }
                if (method == null) throw new NoSuchMethodException(methodName);
                method.setAccessible(true);
                if (!Modifier.isStatic(method.getModifiers())) {
                    constructor = found.getDeclaredConstructor();
                    constructor.setAccessible(true);
                }
                types = method.getGenericParameterTypes();
            } catch (Throwable problem) {
                error = new String[] {"load", String.valueOf(problem.getCause() == null ? problem : problem.getCause())};
                return;
            }
            for (int index = 0; index < inputs.size(); index++) {
                int at = again ? inputs.size() - 1 - index : index;
                String answer = call(method, constructor, types, (List<?>) inputs.get(at), at);
                if (error != null) return;
                if (!again) {
                    answers[at] = answer;
                } else if (answer.startsWith("\"")) { // dropped this time: so it is dropped
                    records[at] = answer;
                } else if (!answers[at].startsWith("\"") && !answer.equals(answers[at])) {
                    error = new String[] {"unstable", Integer.toString(at), answers[at], answer};
                    return;
                }
                if (again && answers[at].startsWith("\"")) records[at] = answers[at];
            }
        }

        /** The record as JSON text, without what may differ from run to run; that goes straight into `records`. */
        String call(Method method, Constructor<?> constructor, Type[] types, List<?> given, int at) throws Exception {
            Object[] arguments = new Object[types.length];
            for (int index = 0; index < types.length; index++) arguments[index] = Values.read(given.get(index), types[index]);
            StringBuilder earlier = new StringBuilder(), later = new StringBuilder();
            StringBuilder text = new StringBuilder();
            limit.setLong(null, maxSteps); steps.setLong(null, 0); path.setLong(null, 0);
            depth.setInt(null, 0); deepest.setInt(null, maxDepth); spent.setBoolean(null, false);
            Object value = null;
            Throwable thrown = null;
            try {
                Values.write(earlier, arguments, types, maxSize);
                long allocated = THREADS.getCurrentThreadAllocatedBytes();
                input = at;
                readInput = false;
                enter();
                try {
                    Object target = constructor == null ? null : constructor.newInstance();
                    value = method.invoke(target, arguments);
                } catch (InvocationTargetException wrapped) {
                    thrown = wrapped.getCause();
                } finally {
                    inCall = false;
                }
                if (readInput) {
                    error = new String[] {"input"};
                    return "";
                }
                if (spent.getBoolean(null)) return steps.getLong(null) > maxSteps ? "\"steps\"" : "\"depth\"";
                if (thrown instanceof StackOverflowError) return "\"depth\"";
                if (thrown instanceof OutOfMemoryError) return "\"memory\"";
                if (THREADS.getCurrentThreadAllocatedBytes() - allocated > maxBytes) return "\"memory\"";
                if (thrown == null) {
                    text.append("[\"value\",");
                    Values.write(text, value, method.getGenericReturnType(), maxSize);
                } else {
                    text.append("[\"exception\",");
                    Values.quote(text, thrown.getClass().getName());
                }
                Values.write(later, arguments, types, maxSize);
            } catch (Values.TooLarge large) {
                return "\"size\"";
            } catch (Values.Strange strange) {
                return thrown == null ? "\"strange " + strange.getMessage().replaceAll("[^A-Za-z0-9_.$ ]", "?") + "\"" : "\"strange\"";
            } catch (OutOfMemoryError memory) {
                return "\"memory\"";
            }
            boolean changed = thrown == null && !later.toString().equals(earlier.toString());
            text.append(',').append(changed ? later : "null").append(',').append(before ? earlier : "null");
            records[at] = text + "," + steps.getLong(null) + "," + path.getLong(null) + "]";
            return text.toString();
        }

        void enter() {
            callStarted++;
            inCall = true;
        }

        void write(Writer out) throws IOException {
            StringBuilder text = new StringBuilder("{\"m\":").append(number);
            if (error != null) {
                text.append(",\"error\":[");
                for (int index = 0; index < error.length; index++) {
                    if (index > 0) text.append(',');
                    Values.quote(text, error[index]);
                }
                text.append("]}\n");
            } else {
                text.append(",\"records\":[").append(String.join(",", records)).append("]}\n");
            }
            out.write(text.toString());
        }
    }

    // ---------------------------------------------------------------------------------------------------------- values

    static final class Values {
        static final class TooLarge extends Exception { }
        static final class Strange extends Exception { Strange(String what) { super(what); } }

        static Object read(Object json, Type type) {
            if (json == null) return null;
            if (type instanceof GenericArrayType) {
                Type element = ((GenericArrayType) type).getGenericComponentType();
                return array((List<?>) json, element, raw(element));
            }
            Class<?> kind = raw(type);
            if (kind.isArray()) return array((List<?>) json, kind.getComponentType(), kind.getComponentType());
            String text = json instanceof Json.Number ? ((Json.Number) json).text : null;
            if (kind == int.class || kind == Integer.class) return Integer.parseInt(text);
            if (kind == long.class || kind == Long.class) return Long.parseLong(text);
            if (kind == short.class || kind == Short.class) return Short.parseShort(text);
            if (kind == byte.class || kind == Byte.class) return Byte.parseByte(text);
            if (kind == double.class || kind == Double.class) return Double.parseDouble(text == null ? (String) json : text);
            if (kind == float.class || kind == Float.class) return (float) Double.parseDouble(text == null ? (String) json : text);
            if (kind == boolean.class || kind == Boolean.class) return json;
            if (kind == char.class || kind == Character.class) return ((String) json).charAt(0);
            if (kind == String.class) return json;
            if (kind == Object.class || kind == Number.class) {
                Map.Entry<?, ?> only = ((Map<?, ?>) json).entrySet().iterator().next();
                return read(only.getValue(), named((String) only.getKey()));
            }
            Type[] inner = type instanceof ParameterizedType ? ((ParameterizedType) type).getActualTypeArguments() : new Type[] {Object.class, Object.class};
            if (Map.class.isAssignableFrom(kind)) {
                Map<Object, Object> map = SortedMap.class.isAssignableFrom(kind) ? new TreeMap<>() : kind == HashMap.class ? new HashMap<>() : new LinkedHashMap<>();
                for (Object pair : (List<?>) json) map.put(read(((List<?>) pair).get(0), inner[0]), read(((List<?>) pair).get(1), inner[1]));
                return map;
            }
            Collection<Object> items;
            if (Set.class.isAssignableFrom(kind)) {
                items = SortedSet.class.isAssignableFrom(kind) ? new TreeSet<>() : kind == HashSet.class ? new HashSet<>() : new LinkedHashSet<>();
            } else {
                items = kind == LinkedList.class ? new LinkedList<>() : new ArrayList<>();
            }
            for (Object item : (List<?>) json) items.add(read(item, inner[0]));
            return items;
        }

        static Class<?> raw(Type type) {
            if (type instanceof Class) return (Class<?>) type;
            if (type instanceof ParameterizedType) return (Class<?>) ((ParameterizedType) type).getRawType();
            return Array.newInstance(raw(((GenericArrayType) type).getGenericComponentType()), 0).getClass();
        }

        static Type named(String name) {
            switch (name) {
                case "byte": return Byte.class;
                case "short": return Short.class;
                case "int": return Integer.class;
                case "long": return Long.class;
                case "float": return Float.class;
                case "double": return Double.class;
                case "boolean": return Boolean.class;
                case "char": return Character.class;
                case "string": return String.class;
                case "list": return List.class;
                case "set": return Set.class;
                case "map": return Map.class;
                case "array": return Object[].class;
                default: throw new IllegalArgumentException(name);
            }
        }

        static Object array(List<?> items, Type element, Class<?> kind) {
            Object made = Array.newInstance(kind, items.size());
            for (int index = 0; index < items.size(); index++) Array.set(made, index, read(items.get(index), element));
            return made;
        }

        static void write(StringBuilder out, Object[] arguments, Type[] types, long most) throws TooLarge, Strange {
            out.append('[');
            for (int index = 0; index < arguments.length; index++) {
                if (index > 0) out.append(',');
                write(out, arguments[index], types[index], most);
            }
            out.append(']');
        }

        static void write(StringBuilder out, Object value, Type type, long most) throws TooLarge, Strange {
            write(out, value, type, out.length() + most, 0);
        }

        private static void write(StringBuilder out, Object value, Type type, long end, int nested) throws TooLarge, Strange {
            if (out.length() > end || nested > 60) throw new TooLarge();
            if (value == null) { out.append("null"); return; }
            boolean open = type == Object.class || type == Number.class || type instanceof TypeVariable || type instanceof WildcardType;
            if (value instanceof Optional) {
                Object inner = ((Optional<?>) value).orElse(null);
                if (open) { out.append("{\"optional\":"); write(out, inner, Object.class, end, nested + 1); out.append('}'); }
                else write(out, inner, argument(type, 0), end, nested + 1);
                return;
            }
            if (open) {
                out.append("{\"").append(name(value)).append("\":");
                write(out, value, value.getClass().isArray() ? Object[].class : value.getClass(), end, nested + 1);
                out.append('}');
                return;
            }
            if (value instanceof Integer || value instanceof Long || value instanceof Short || value instanceof Byte || value instanceof Boolean) {
                out.append(value);
            } else if (value instanceof Double || value instanceof Float) {
                double number = ((Number) value).doubleValue();
                if (Double.isNaN(number) || Double.isInfinite(number)) out.append('"').append(number).append('"');
                else out.append(number);
            } else if (value instanceof String || value instanceof Character) {
                String text = value.toString();
                if (out.length() + text.length() > end) throw new TooLarge();
                quote(out, text);
            } else if (value.getClass().isArray()) {
                Type element = type instanceof GenericArrayType ? ((GenericArrayType) type).getGenericComponentType() : ((Class<?>) type).getComponentType();
                out.append('[');
                int length = Array.getLength(value);
                for (int index = 0; index < length; index++) {
                    if (index > 0) out.append(',');
                    write(out, Array.get(value, index), element, end, nested + 1);
                }
                out.append(']');
            } else if (value instanceof Map) {
                out.append('[');
                boolean first = true;
                if (value instanceof LinkedHashMap || value instanceof SortedMap) { out.append("\"ordered\""); first = false; }
                for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                    if (!first) out.append(',');
                    first = false;
                    out.append('[');
                    write(out, entry.getKey(), argument(type, 0), end, nested + 1);
                    out.append(',');
                    write(out, entry.getValue(), argument(type, 1), end, nested + 1);
                    out.append(']');
                }
                out.append(']');
            } else if (value instanceof Collection) {
                out.append('[');
                boolean first = true;
                for (Object item : (Collection<?>) value) {
                    if (!first) out.append(',');
                    first = false;
                    write(out, item, argument(type, 0), end, nested + 1);
                }
                out.append(']');
            } else {
                throw new Strange(value.getClass().getName());
            }
        }

        static Type argument(Type type, int index) {
            if (!(type instanceof ParameterizedType)) return Object.class;
            Type[] found = ((ParameterizedType) type).getActualTypeArguments();
            return index < found.length ? found[index] : Object.class;
        }

        static String name(Object value) throws Strange {
            if (value instanceof Integer) return "int";
            if (value instanceof Character) return "char";
            if (value instanceof List) return "list";
            if (value instanceof Set) return "set";
            if (value instanceof Map) return "map";
            if (value.getClass().isArray()) {
                if (value instanceof Object[]) return "array";
                throw new Strange(value.getClass().getSimpleName());
            }
            for (Class<?> kind : List.of(Long.class, Short.class, Byte.class, Double.class, Float.class, Boolean.class, String.class)) {
                if (kind.isInstance(value)) return kind.getSimpleName().toLowerCase(Locale.ROOT);
            }
            throw new Strange(value.getClass().getName());
        }

        static void quote(StringBuilder out, String text) {
            out.append('"');
            for (int index = 0; index < text.length(); index++) {
                char c = text.charAt(index);
                if (c == '"' || c == '\\') out.append('\\').append(c);
                else if (c >= ' ' && c < 127) out.append(c);
                else {
                    out.append("\\u");
                    String digits = Integer.toHexString(c);
                    out.append("0000", 0, 4 - digits.length()).append(digits);
                }
            }
            out.append('"');
        }
    }

    /** A reader of JSON as Python's json module writes it; numbers stay text. */
    static final class Json {
        static final class Number {
            final String text;
            Number(String text) { this.text = text; }
            @Override public String toString() { return text; }
        }

        final String text;
        int at;

        Json(String text) { this.text = text; }

        Object value() {
            space();
            char c = text.charAt(at);
            if (c == '[') {
                List<Object> items = new ArrayList<>();
                at++;
                space();
                while (text.charAt(at) != ']') {
                    items.add(value());
                    space();
                    if (text.charAt(at) == ',') at++;
                    space();
                }
                at++;
                return items;
            }
            if (c == '{') {
                Map<String, Object> items = new LinkedHashMap<>();
                at++;
                space();
                while (text.charAt(at) != '}') {
                    String key = string();
                    space();
                    at++; // the colon
                    items.put(key, value());
                    space();
                    if (text.charAt(at) == ',') at++;
                    space();
                }
                at++;
                return items;
            }
            if (c == '"') return string();
            int start = at;
            while (at < text.length() && ",]} ".indexOf(text.charAt(at)) < 0) at++;
            String word = text.substring(start, at);
            if (word.equals("null")) return null;
            if (word.equals("true") || word.equals("false")) return word.equals("true");
            return new Number(word);
        }

        void space() { while (at < text.length() && text.charAt(at) == ' ') at++; }

        String string() {
            StringBuilder found = new StringBuilder();
            for (at++; text.charAt(at) != '"'; at++) {
                char c = text.charAt(at);
                if (c != '\\') { found.append(c); continue; }
                c = text.charAt(++at);
                switch (c) {
                    case 'n': found.append('\n'); break;
                    case 't': found.append('\t'); break;
                    case 'r': found.append('\r'); break;
                    case 'b': found.append('\b'); break;
                    case 'f': found.append('\f'); break;
                    case 'u':
                        found.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                        at += 4;
                        break;
                    default: found.append(c);
                }
            }
            at++;
            return found.toString();
        }
    }
}
