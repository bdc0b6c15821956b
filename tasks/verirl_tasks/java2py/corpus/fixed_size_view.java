// method: seatGuests | level: 3 | tags: aliasing, exceptions, sorting
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

class Solution {
    static String seatGuests(String[] guests, String late) {
        List<String> seats = Arrays.asList(guests);
        Collections.sort(seats);
        int place = seats.indexOf(late);
        if (place >= 0) {
            seats.set(place, seats.get(0));
            seats.set(0, late);
        } else if (late.isBlank()) {
            seats.add(late);
        }
        return String.join(" ", seats);
    }
}
