// method: addressLine | level: 2 | tags: null-handling, string-methods
class Solution {
    static String addressLine(String street, String city, Integer zip) {
        String line = "";
        if (street != null) {
            line = line + street.trim() + ", ";
        }
        line += zip;
        line += ' ';
        if (city != null && !city.isEmpty()) {
            return line + city;
        }
        return zip == null ? city : line + "(" + city + ")";
    }
}
