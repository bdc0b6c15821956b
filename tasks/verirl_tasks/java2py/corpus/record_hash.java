// method: recordHash | level: 3 | tags: hashcode, overflow, classes
import java.util.Objects;

class Solution {
    static final class Customer {
        private final String name;
        private final boolean active;
        private final double balance;

        Customer(String name, boolean active, double balance) {
            this.name = name;
            this.active = active;
            this.balance = balance;
        }

        @Override
        public int hashCode() {
            return Objects.hash(name, active, balance);
        }
    }

    static int recordHash(String name, boolean active, int cents) {
        return new Customer(name, active, cents / 100.0).hashCode();
    }
}
