// method: table | level: 4 | tags: split, sorting, classes, integer-parsing
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

class Solution {
    static class Team {
        final String name;
        int points;
        int scored;
        int received;

        Team(String name) {
            this.name = name;
        }

        void play(int own, int other) {
            scored += own;
            received += other;
            if (own > other) {
                points += 3;
            } else if (own == other) {
                points++;
            }
        }

        int difference() {
            return scored - received;
        }

        @Override
        public String toString() {
            return String.join(" ", name, String.valueOf(points), scored + ":" + received);
        }
    }

    private final Map<String, Team> teams = new LinkedHashMap<>();

    private Team team(String name) {
        return teams.computeIfAbsent(name, Team::new);
    }

    private static int goals(String[] fields, int index) {
        try {
            return index < fields.length ? Integer.parseInt(fields[index].trim()) % 100 : 0;
        } catch (NumberFormatException e) {
            return fields[index].length();
        }
    }

    /** Results such as "Rovers,City,2,1"; the table by points, then difference, then goals, then who came first. */
    List<String> table(List<String> results) {
        for (String result : results) {
            String[] fields = result.split("[,;]");
            if (fields.length < 2) {
                continue;
            }
            int home = goals(fields, 2);
            int away = goals(fields, 3);
            team(fields[0]).play(home, away);
            team(fields[1]).play(away, home);
        }
        List<Team> ranking = new ArrayList<>(teams.values());
        ranking.sort(Comparator.comparingInt((Team t) -> t.points).reversed()
                .thenComparing(Team::difference, Comparator.reverseOrder())
                .thenComparing(t -> -t.scored));
        List<String> lines = new ArrayList<>();
        for (Team team : ranking) {
            lines.add((lines.size() + 1) + ". " + team);
        }
        return lines;
    }
}
