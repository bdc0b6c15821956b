// method: shelve | level: 2 | tags: sorting, utf16-length, collections
import java.util.Comparator;
import java.util.List;

class Solution {
    static void shelve(List<String> titles) {
        titles.sort(Comparator.comparing(String::length).thenComparing(Comparator.naturalOrder()));
    }
}
