// method: process | level: 4 | tags: split, exceptions, map-order, integer-parsing, classes
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

class Solution {
    static class OutOfStockException extends Exception {
        final int missing;

        OutOfStockException(String item, int missing) {
            super(item);
            this.missing = missing;
        }
    }

    private final Map<String, Integer> stock = new LinkedHashMap<>();

    private void add(String item, int amount) {
        if (amount < 0) {
            throw new IllegalArgumentException("negative amount");
        }
        stock.put(item, Math.addExact(stock.getOrDefault(item, 0), amount));
    }

    private void take(String item, int amount) throws OutOfStockException {
        int left = stock.getOrDefault(item, 0) - amount;
        if (left < 0) {
            throw new OutOfStockException(item, -left);
        }
        if (left == 0) {
            stock.remove(item);
        } else {
            stock.put(item, left);
        }
    }

    /** Commands look like "add:nails:5", "take:nails:2", "drop:nails". */
    List<String> process(List<String> commands) {
        List<String> report = new ArrayList<>();
        for (String command : commands) {
            String[] words = command.split("[:=]");
            try {
                switch (words.length) {
                    case 3 -> {
                        int amount = Integer.parseInt(words[2]);
                        if (words[0].equals("take")) {
                            take(words[1], amount);
                        } else {
                            add(words[1], amount);
                        }
                    }
                    case 2 -> add(words[1], words[0].isEmpty() ? 0 : 1);
                    case 1 -> take(words[0], 1);
                    default -> report.add("? " + words.length);
                }
            } catch (OutOfStockException e) {
                report.add(e.getMessage() + " lacks " + e.missing);
            } catch (NumberFormatException e) {
                report.add("not a number: " + words[2]);
            } catch (IllegalArgumentException | ArithmeticException e) {
                report.add("refused");
            }
        }
        report.add(stock.toString());
        return report;
    }
}
