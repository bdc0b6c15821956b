// method: banner | level: 3 | tags: classes, null-handling
class Solution {
    static class Sign {
        protected String text = "sign";
        final String first;

        Sign() {
            first = render();
        }

        String render() {
            return "[" + text + "]";
        }
    }

    static class PriceSign extends Sign {
        private int cents = 99;
        private String currency;
        private String suffix = "!";

        PriceSign(int cents, String currency) {
            this.cents = cents;
            this.currency = currency;
        }

        @Override
        String render() {
            return super.render() + cents + currency + suffix;
        }
    }

    static String banner(int cents, String currency) {
        Sign sign = cents < 0 ? new Sign() : new PriceSign(cents, currency);
        sign.text = "sale";
        return sign.first + " " + sign.render();
    }
}
