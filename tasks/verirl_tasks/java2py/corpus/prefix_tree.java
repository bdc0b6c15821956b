// method: complete | level: 4 | tags: recursion, classes, utf16-length, collections
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

class Solution {
    static class Node {
        final Map<Character, Node> children = new TreeMap<>();
        int ends;
        int below;
    }

    private final Node root = new Node();

    private void insert(Node node, String word, int at) {
        node.below++;
        if (at == word.length() || at == 12) {
            node.ends++;
            return;
        }
        Node child = node.children.get(word.charAt(at));
        if (child == null) {
            child = new Node();
            node.children.put(word.charAt(at), child);
        }
        insert(child, word, at + 1);
    }

    private void collect(Node node, StringBuilder path, List<String> found) {
        if (node.ends > 0) {
            found.add(path.length() + " " + path + (node.ends > 1 ? " x" + node.ends : ""));
        }
        for (Map.Entry<Character, Node> child : node.children.entrySet()) {
            path.append(child.getKey());
            collect(child.getValue(), path, found);
            path.setLength(path.length() - 1);
        }
    }

    List<String> complete(List<String> words, char start) {
        for (String word : words) {
            insert(root, word, 0);
        }
        List<String> found = new ArrayList<>();
        Node node = root.children.get(start);
        if (node == null) {
            collect(root, new StringBuilder(), found);
            return found;
        }
        collect(node, new StringBuilder().append(start), found);
        found.add(node.below + "/" + root.below);
        return found;
    }
}
