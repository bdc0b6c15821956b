// method: blend | level: 4 | tags: bit-twiddling, unsigned-shift, float-single, aliasing
class Solution {
    private static int channel(int argb, int shift) {
        return (argb >>> shift) & 0xff;
    }

    private static int pack(int a, int r, int g, int b) {
        return a << 24 | r << 16 | g << 8 | b;
    }

    private static int mix(int below, int above, float alpha) {
        float value = below * (1f - alpha) + above * alpha;
        return (int) (value + 0.5f);
    }

    private static int over(int bottom, int top, float opacity) {
        float alpha = channel(top, 24) / 255f * opacity;
        int r = mix(channel(bottom, 16), channel(top, 16), alpha);
        int g = mix(channel(bottom, 8), channel(top, 8), alpha);
        int b = mix(channel(bottom, 0), channel(top, 0), alpha);
        int a = Math.max(bottom >>> 24, top >>> 24);
        return pack(a, r, g, b);
    }

    static float blend(int[] canvas, int[] sprite, byte opacity) {
        float strength = (opacity & 0xff) / 255f;
        for (int i = 0; i < canvas.length && i < sprite.length; i++) {
            canvas[i] = over(canvas[i], sprite[i], strength);
        }
        float luma = 0;
        for (int pixel : canvas) {
            luma += channel(pixel, 16) * 0.3f + channel(pixel, 8) * 0.6f + channel(pixel, 0) * 0.1f;
        }
        return luma;
    }
}
