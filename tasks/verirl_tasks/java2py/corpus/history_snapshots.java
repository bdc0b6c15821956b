// method: history | level: 3 | tags: aliasing, collections
import java.util.ArrayList;
import java.util.List;

class Solution {
    static List<List<String>> history(List<String> actions) {
        List<List<String>> snapshots = new ArrayList<>();
        List<String> current = new ArrayList<>();
        for (String action : actions) {
            switch (action) {
                case "save" -> snapshots.add(current);
                case "copy" -> snapshots.add(new ArrayList<>(current));
                case "clear" -> current.clear();
                case "new" -> current = new ArrayList<>();
                default -> current.add(action);
            }
            if (snapshots.size() > 20) {
                snapshots.remove(0);
            }
        }
        snapshots.add(current);
        return snapshots;
    }
}
