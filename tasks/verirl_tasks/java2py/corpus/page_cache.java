// method: cached | level: 3 | tags: map-order, classes, collections
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

class PageCache extends LinkedHashMap<Integer, Integer> {
    private final int capacity;

    PageCache(int capacity) {
        super(16, 0.75f, true);
        this.capacity = capacity;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<Integer, Integer> eldest) {
        return size() > capacity;
    }
}

class Solution {
    static List<Integer> cached(int[] requests) {
        PageCache cache = new PageCache(3);
        int loads = 0;
        for (int page : requests) {
            if (cache.get(page) == null) {
                cache.put(page, loads++);
            }
        }
        List<Integer> pages = new ArrayList<>(cache.keySet());
        pages.add(loads);
        return pages;
    }
}
