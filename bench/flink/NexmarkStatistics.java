// q15, q16 and q17: statistics of bids by day, by channel and by auction. Counts are an array that
// is changed where it is: on the heap, state hands out what it keeps.
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

final class NexmarkStatistics {
  private static final TypeInformation<long[]> COUNTS =
      PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO;
  private static final int BIDDERS = 4;
  private static final int AUCTIONS = 8;
  private static final int LAST = 12;

  /** 1 for cheap, 2 for middling, 3 for dear. */
  private static int rankOf(long price) {
    return price < 10_000 ? 1 : price < 1_000_000 ? 2 : 3;
  }

  /** Of bids, then of bidders, then of auctions: in all, and in each rank; then the last time. */
  private static final class Statistics {
    private final ValueState<long[]> counts;
    /** In which ranks each was seen, as bits. */
    private final MapState<Long, Integer> ranksOfBidder;
    private final MapState<Long, Integer> ranksOfAuction;

    Statistics(RuntimeContext context) {
      counts = context.getState(new ValueStateDescriptor<>("counts", COUNTS));
      ranksOfBidder =
          context.getMapState(new MapStateDescriptor<>("bidders", Types.LONG, Types.INT));
      ranksOfAuction =
          context.getMapState(new MapStateDescriptor<>("auctions", Types.LONG, Types.INT));
    }

    long[] count(long bidder, long auction, long price, long time) throws Exception {
      long[] now = counts.value();
      if (now == null) now = new long[LAST + 1];
      int rank = rankOf(price);
      now[0]++;
      now[rank]++;
      countNew(now, BIDDERS, rank, ranksOfBidder, bidder);
      countNew(now, AUCTIONS, rank, ranksOfAuction, auction);
      now[LAST] = Math.max(now[LAST], time);
      counts.update(now);
      return now;
    }

    private static void countNew(
        long[] counts, int from, int rank, MapState<Long, Integer> ranksOf, long id)
        throws Exception {
      Integer before = ranksOf.get(id);
      int seen = before == null ? 0 : before;
      if ((seen & 1 << rank) != 0) return;
      if (seen == 0) counts[from]++;
      counts[from + rank]++;
      ranksOf.put(id, seen | 1 << rank);
    }
  }

  private static int and(int hash, long[] counts) {
    for (int at = 0; at < LAST; at++) hash = Nexmark.and(hash, counts[at]);
    return hash;
  }

  static void ofDays(DataStream<String> lines) {
    Tuple4<Long, Long, Long, Long> row = new Tuple4<>();
    Nexmark.read(
            lines,
            event -> {
              if (!event.isBid()) return null;
              row.f0 = event.time / Nexmark.DAY_MS;
              row.f1 = event.bidder;
              row.f2 = event.auction;
              row.f3 = event.price;
              return row;
            },
            Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG))
        .keyBy(bid -> bid.f0, Types.LONG)
        .process(new OfDay())
        .returns(Types.TUPLE(Types.LONG, COUNTS))
        .sinkTo(Nexmark.checked(out -> and(Nexmark.numbers(out.f0), out.f1)));
  }

  private static final class OfDay
      extends KeyedProcessFunction<Long, Tuple4<Long, Long, Long, Long>, Tuple2<Long, long[]>> {
    private transient Statistics statistics;
    private transient Tuple2<Long, long[]> row;

    @Override
    public void open(OpenContext context) {
      statistics = new Statistics(getRuntimeContext());
      row = new Tuple2<>();
    }

    @Override
    public void processElement(
        Tuple4<Long, Long, Long, Long> bid, Context at, Collector<Tuple2<Long, long[]>> out)
        throws Exception {
      row.f0 = bid.f0;
      row.f1 = statistics.count(bid.f1, bid.f2, bid.f3, 0);
      out.collect(row);
    }
  }

  static void ofChannels(DataStream<String> lines) {
    Tuple5<String, Long, Long, Long, Long> row = new Tuple5<>();
    Nexmark.read(
            lines,
            event -> {
              if (!event.isBid()) return null;
              row.f0 = event.channel;
              row.f1 = event.time;
              row.f2 = event.bidder;
              row.f3 = event.auction;
              row.f4 = event.price;
              return row;
            },
            Types.TUPLE(Types.STRING, Types.LONG, Types.LONG, Types.LONG, Types.LONG))
        .keyBy(
            bid -> new Tuple2<>(bid.f0, bid.f1 / Nexmark.DAY_MS),
            Types.TUPLE(Types.STRING, Types.LONG))
        .process(new OfChannel())
        .returns(Types.TUPLE(Types.STRING, Types.LONG, COUNTS))
        .sinkTo(
            Nexmark.checked(
                out -> {
                  int hash = Nexmark.and(Nexmark.and(0, out.f0), out.f1);
                  return and(Nexmark.and(hash, out.f2[LAST] / 60_000 % (24 * 60)), out.f2);
                }));
  }

  private static final class OfChannel
      extends KeyedProcessFunction<
          Tuple2<String, Long>,
          Tuple5<String, Long, Long, Long, Long>,
          Tuple3<String, Long, long[]>> {
    private transient Statistics statistics;
    private transient Tuple3<String, Long, long[]> row;

    @Override
    public void open(OpenContext context) {
      statistics = new Statistics(getRuntimeContext());
      row = new Tuple3<>();
    }

    @Override
    public void processElement(
        Tuple5<String, Long, Long, Long, Long> bid,
        Context at,
        Collector<Tuple3<String, Long, long[]>> out)
        throws Exception {
      row.f0 = bid.f0;
      row.f1 = bid.f1 / Nexmark.DAY_MS;
      row.f2 = statistics.count(bid.f2, bid.f3, bid.f4, bid.f1);
      out.collect(row);
    }
  }

  static void ofAuctions(DataStream<String> lines) {
    Tuple3<Long, Long, Long> row = new Tuple3<>();
    Nexmark.read(
            lines,
            event -> {
              if (!event.isBid()) return null;
              row.f0 = event.auction;
              row.f1 = event.time / Nexmark.DAY_MS;
              row.f2 = event.price;
              return row;
            },
            Types.TUPLE(Types.LONG, Types.LONG, Types.LONG))
        .keyBy(bid -> new Tuple2<>(bid.f0, bid.f1), Types.TUPLE(Types.LONG, Types.LONG))
        .process(new OfAuction())
        .returns(Types.TUPLE(Types.LONG, Types.LONG, COUNTS))
        .sinkTo(
            Nexmark.checked(
                out -> {
                  int hash = Nexmark.numbers(out.f0, out.f1);
                  for (int at = 0; at < 6; at++) hash = Nexmark.and(hash, out.f2[at]);
                  hash = Nexmark.and(hash, out.f2[6] / out.f2[0]);
                  return Nexmark.and(hash, out.f2[6]);
                }));
  }

  /** Bids in all and in each rank, the least, the highest and the sum of the prices. */
  private static final class OfAuction
      extends KeyedProcessFunction<
          Tuple2<Long, Long>, Tuple3<Long, Long, Long>, Tuple3<Long, Long, long[]>> {
    private transient ValueState<long[]> counts;
    private transient Tuple3<Long, Long, long[]> row;

    @Override
    public void open(OpenContext context) {
      counts = getRuntimeContext().getState(new ValueStateDescriptor<>("counts", COUNTS));
      row = new Tuple3<>();
    }

    @Override
    public void processElement(
        Tuple3<Long, Long, Long> bid, Context at, Collector<Tuple3<Long, Long, long[]>> out)
        throws Exception {
      long[] now = counts.value();
      if (now == null) now = new long[] {0, 0, 0, 0, Long.MAX_VALUE, 0, 0};
      now[0]++;
      now[rankOf(bid.f2)]++;
      now[4] = Math.min(now[4], bid.f2);
      now[5] = Math.max(now[5], bid.f2);
      now[6] += bid.f2;
      counts.update(now);
      row.f0 = bid.f0;
      row.f1 = bid.f1;
      row.f2 = now;
      out.collect(row);
    }
  }
}
