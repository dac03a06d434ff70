// q5, q7, q11 and q12: queries over windows of time.
import java.time.Duration;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.api.java.tuple.Tuple7;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

final class NexmarkWindows {
  private static final long WINDOW_MS = 10_000;
  private static final Duration WINDOW = Duration.ofMillis(WINDOW_MS);
  private static final TypeInformation<Tuple2<Long, Long>> PAIR =
      Types.TUPLE(Types.LONG, Types.LONG);
  private static final TypeInformation<Tuple4<Long, Long, Long, Long>> FOUR =
      Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG);

  /** Counts pairs of a key and a time; gives key, count, and start and end of the window. */
  private static DataStream<Tuple4<Long, Long, Long, Long>> counts(
      DataStream<String> lines,
      Nexmark.Part<Tuple2<Long, Long>> part,
      WindowAssigner<Object, TimeWindow> windows) {
    return Nexmark.timed(Nexmark.read(lines, part, PAIR), pair -> pair.f1)
        .keyBy(pair -> pair.f0, Types.LONG)
        .window(windows)
        .aggregate(new Count<>(), new OfWindow(), Types.LONG, Types.LONG, FOUR);
  }

  private static final class Count<T> implements AggregateFunction<T, Long, Long> {
    @Override
    public Long createAccumulator() {
      return 0L;
    }

    @Override
    public Long add(T each, Long count) {
      return count + 1;
    }

    @Override
    public Long getResult(Long count) {
      return count;
    }

    @Override
    public Long merge(Long a, Long b) {
      return a + b;
    }
  }

  private static final class OfWindow
      extends ProcessWindowFunction<Long, Tuple4<Long, Long, Long, Long>, Long, TimeWindow> {
    private transient Tuple4<Long, Long, Long, Long> row;

    @Override
    public void process(
        Long key, Context at, Iterable<Long> counts, Collector<Tuple4<Long, Long, Long, Long>> out) {
      if (row == null) row = new Tuple4<>();
      row.f0 = key;
      row.f1 = counts.iterator().next();
      row.f2 = at.window().getStart();
      row.f3 = at.window().getEnd();
      out.collect(row);
    }
  }

  private static Nexmark.Part<Tuple2<Long, Long>> bidders() {
    Tuple2<Long, Long> pair = new Tuple2<>();
    return event -> {
      if (!event.isBid()) return null;
      pair.f0 = event.bidder;
      pair.f1 = event.time;
      return pair;
    };
  }

  static void sessions(DataStream<String> lines) {
    counts(lines, bidders(), EventTimeSessionWindows.withGap(WINDOW))
        .sinkTo(Nexmark.checked(out -> Nexmark.numbers(out.f0, out.f1, out.f2, out.f3)));
  }

  static void periods(DataStream<String> lines) {
    counts(lines, bidders(), TumblingEventTimeWindows.of(WINDOW))
        .sinkTo(Nexmark.checked(out -> Nexmark.numbers(out.f0, out.f1, out.f2, out.f3)));
  }

  static void hotItems(DataStream<String> lines) {
    Tuple2<Long, Long> pair = new Tuple2<>();
    Nexmark.Part<Tuple2<Long, Long>> auctions =
        event -> {
          if (!event.isBid()) return null;
          pair.f0 = event.auction;
          pair.f1 = event.time;
          return pair;
        };
    counts(lines, auctions, SlidingEventTimeWindows.of(WINDOW, Duration.ofSeconds(2)))
        .keyBy(count -> count.f2, Types.LONG)
        .process(new Hottest())
        .returns(Types.TUPLE(Types.LONG, Types.LONG, Types.LONG))
        .sinkTo(Nexmark.checked(out -> Nexmark.numbers(out.f0, out.f1, out.f2)));
  }

  private static final class Hottest
      extends KeyedProcessFunction<Long, Tuple4<Long, Long, Long, Long>, Tuple3<Long, Long, Long>> {
    private transient ValueState<Long> most;
    private transient ListState<Long> leaders;

    @Override
    public void open(OpenContext context) {
      most = getRuntimeContext().getState(new ValueStateDescriptor<>("most", Types.LONG));
      leaders = getRuntimeContext().getListState(new ListStateDescriptor<>("leaders", Types.LONG));
    }

    @Override
    public void processElement(
        Tuple4<Long, Long, Long, Long> count, Context at, Collector<Tuple3<Long, Long, Long>> out)
        throws Exception {
      Long before = most.value();
      if (before != null && count.f1 < before) return;
      if (before == null) at.timerService().registerEventTimeTimer(at.timestamp());
      if (before == null || count.f1 > before) {
        most.update(count.f1);
        leaders.clear();
      }
      leaders.add(count.f0);
    }

    @Override
    public void onTimer(long time, OnTimerContext at, Collector<Tuple3<Long, Long, Long>> out)
        throws Exception {
      for (long auction : leaders.get()) {
        out.collect(new Tuple3<>(auction, most.value(), at.getCurrentKey()));
      }
      most.clear();
      leaders.clear();
    }
  }

  /** Window, 1 if the bid counts in it, auction, price, bidder, time, extra. */
  static void highestBids(DataStream<String> lines) {
    Tuple7<Long, Integer, Long, Long, Long, Long, String> row = new Tuple7<>();
    TypeInformation<Tuple7<Long, Integer, Long, Long, Long, Long, String>> type = Highest.TYPE;
    DataStream<Tuple7<Long, Integer, Long, Long, Long, Long, String>> bids =
        Nexmark.read(
            lines,
            event -> {
              if (!event.isBid()) return null;
              row.setFields(
                  event.time / WINDOW_MS,
                  1,
                  event.auction,
                  event.price,
                  event.bidder,
                  event.time,
                  event.extra);
              return row;
            },
            type);
    Nexmark.timed(bids, bid -> bid.f5)
        .flatMap(
            (Tuple7<Long, Integer, Long, Long, Long, Long, String> bid,
                Collector<Tuple7<Long, Integer, Long, Long, Long, Long, String>> out) -> {
              out.collect(bid);
              if (bid.f5 % WINDOW_MS != 0) return;
              // At an end a bid is looked at twice, for the public query compares with both.
              bid.f0--;
              bid.f1 = 0;
              out.collect(bid);
            })
        .returns(type)
        .keyBy(bid -> bid.f0, Types.LONG)
        .process(new Highest())
        .returns(type)
        .sinkTo(
            Nexmark.checked(
                out -> Nexmark.and(Nexmark.numbers(out.f2, out.f3, out.f4, out.f5), out.f6)));
  }

  private static final class Highest
      extends KeyedProcessFunction<
          Long,
          Tuple7<Long, Integer, Long, Long, Long, Long, String>,
          Tuple7<Long, Integer, Long, Long, Long, Long, String>> {
    static final TypeInformation<Tuple7<Long, Integer, Long, Long, Long, Long, String>> TYPE =
        Types.TUPLE(
            Types.LONG, Types.INT, Types.LONG, Types.LONG, Types.LONG, Types.LONG, Types.STRING);
    private transient ValueState<Long> price;
    private transient ListState<Tuple7<Long, Integer, Long, Long, Long, Long, String>> bids;
    private transient ListState<Tuple7<Long, Integer, Long, Long, Long, Long, String>> bidsAtEnd;

    @Override
    public void open(OpenContext context) {
      price = getRuntimeContext().getState(new ValueStateDescriptor<>("price", Types.LONG));
      bids = getRuntimeContext().getListState(new ListStateDescriptor<>("bids", TYPE));
      bidsAtEnd = getRuntimeContext().getListState(new ListStateDescriptor<>("atEnd", TYPE));
    }

    @Override
    public void processElement(
        Tuple7<Long, Integer, Long, Long, Long, Long, String> bid,
        Context at,
        Collector<Tuple7<Long, Integer, Long, Long, Long, Long, String>> out)
        throws Exception {
      if (bid.f1 == 0) {
        bidsAtEnd.add(bid.copy());
        return;
      }
      Long before = price.value();
      if (before != null && bid.f3 < before) return;
      if (before == null) at.timerService().registerEventTimeTimer((bid.f0 + 1) * WINDOW_MS);
      if (before == null || bid.f3 > before) {
        price.update(bid.f3);
        bids.clear();
      }
      bids.add(bid.copy());
    }

    @Override
    public void onTimer(
        long time,
        OnTimerContext at,
        Collector<Tuple7<Long, Integer, Long, Long, Long, Long, String>> out)
        throws Exception {
      long highest = price.value();
      for (Tuple7<Long, Integer, Long, Long, Long, Long, String> bid : bids.get()) out.collect(bid);
      for (Tuple7<Long, Integer, Long, Long, Long, Long, String> bid : bidsAtEnd.get()) {
        if (bid.f3 == highest) out.collect(bid);
      }
      price.clear();
      bids.clear();
      bidsAtEnd.clear();
    }
  }
}
