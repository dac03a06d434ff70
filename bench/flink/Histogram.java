// How often which number came; `bench/suite/histogram.ts` has the same buckets.
final class Histogram {
  private static final int PER_DOUBLING = 64;
  private static final int FIRST_BITS = 6;
  private static final int BITS = 31;
  private final long[] buckets = new long[(BITS - FIRST_BITS + 1) * PER_DOUBLING];
  private long count;

  void add(long number) {
    int whole = (int) Math.max(0, Math.min(number, Integer.MAX_VALUE));
    int shift = Math.max(0, BITS - Integer.numberOfLeadingZeros(whole) - FIRST_BITS);
    buckets[shift * PER_DOUBLING + (whole >> shift)]++;
    count++;
  }

  double quantile(double share) {
    long wanted = Math.max(1, (long) Math.ceil(share * count));
    long sum = 0;
    for (int bucket = 0; bucket < buckets.length; bucket++) {
      sum += buckets[bucket];
      if (sum >= wanted) return lastOf(bucket);
    }
    return Double.NaN;
  }

  private static long lastOf(int bucket) {
    int shift = Math.max(0, bucket / PER_DOUBLING - 1);
    return ((long) (bucket - shift * PER_DOUBLING + 1) << shift) - 1;
  }
}
