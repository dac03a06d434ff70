// q3, q4 and q8: auctions together with people, and with the prices of bids. Both sides are one
// stream, by the number that they share, so that they come in the order of the file.
import java.time.Duration;
import java.util.Set;
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
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

final class NexmarkAuctions {
  private static final Set<String> STATES = Set.of("OR", "ID", "CA");
  private static final TypeInformation<Tuple2<Long, Long>> PAIR =
      Types.TUPLE(Types.LONG, Types.LONG);
  private static final TypeInformation<Tuple4<Long, Long, Long, Long>> FOUR =
      Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG);

  /** Number of the person, that of the auction or -1, then name, city and state of the person. */
  static void localItems(DataStream<String> lines) {
    Tuple5<Long, Long, String, String, String> row = new Tuple5<>();
    Nexmark.read(
            lines,
            event -> {
              if (event.isPerson() && STATES.contains(event.state)) {
                row.f0 = event.id;
                row.f1 = -1L;
                row.f2 = event.name;
                row.f3 = event.city;
                row.f4 = event.state;
                return row;
              }
              if (!event.isAuction() || event.category != Nexmark.CATEGORY) return null;
              row.f0 = event.seller;
              row.f1 = event.id;
              row.f2 = row.f3 = row.f4 = "";
              return row;
            },
            Types.TUPLE(Types.LONG, Types.LONG, Types.STRING, Types.STRING, Types.STRING))
        .keyBy(each -> each.f0, Types.LONG)
        .process(new SellersAndItems())
        .returns(Types.TUPLE(Types.STRING, Types.STRING, Types.STRING, Types.LONG))
        .sinkTo(
            Nexmark.checked(
                out -> {
                  int hash = Nexmark.and(Nexmark.and(0, out.f0), out.f1);
                  return Nexmark.and(Nexmark.and(hash, out.f2), out.f3);
                }));
  }

  private static final class SellersAndItems
      extends KeyedProcessFunction<
          Long, Tuple5<Long, Long, String, String, String>, Tuple4<String, String, String, Long>> {
    private transient ListState<Tuple3<String, String, String>> sellers;
    private transient ListState<Long> auctions;

    @Override
    public void open(OpenContext context) {
      TypeInformation<Tuple3<String, String, String>> seller =
          Types.TUPLE(Types.STRING, Types.STRING, Types.STRING);
      sellers = getRuntimeContext().getListState(new ListStateDescriptor<>("sellers", seller));
      auctions =
          getRuntimeContext().getListState(new ListStateDescriptor<>("auctions", Types.LONG));
    }

    @Override
    public void processElement(
        Tuple5<Long, Long, String, String, String> each,
        Context at,
        Collector<Tuple4<String, String, String, Long>> out)
        throws Exception {
      if (each.f1 < 0) {
        sellers.add(new Tuple3<>(each.f2, each.f3, each.f4));
        for (long auction : auctions.get()) {
          out.collect(new Tuple4<>(each.f2, each.f3, each.f4, auction));
        }
      } else {
        auctions.add(each.f1);
        for (Tuple3<String, String, String> seller : sellers.get()) {
          out.collect(new Tuple4<>(seller.f0, seller.f1, seller.f2, each.f1));
        }
      }
    }
  }

  /** Of an auction: its number, category, beginning and end; of a bid: -1, price and time. */
  static void meanOfCategories(DataStream<String> lines) {
    Tuple4<Long, Long, Long, Long> row = new Tuple4<>();
    Nexmark.read(
            lines,
            event -> {
              if (event.isPerson()) return null;
              row.f0 = event.isBid() ? event.auction : event.id;
              row.f1 = event.isBid() ? -1 : event.category;
              row.f2 = event.isBid() ? event.price : event.time;
              row.f3 = event.isBid() ? event.time : event.expires;
              return row;
            },
            FOUR)
        .keyBy(each -> each.f0, Types.LONG)
        .process(new LeadingPrices())
        .returns(Types.TUPLE(Types.LONG, Types.LONG, Types.LONG))
        .keyBy(lead -> lead.f0, Types.LONG)
        .process(new MeanOfCategory())
        .returns(PAIR)
        .sinkTo(Nexmark.checked(out -> Nexmark.numbers(out.f0, out.f1)));
  }

  /** Gives category, price and the price that led before, or 0. */
  private static final class LeadingPrices
      extends KeyedProcessFunction<
          Long, Tuple4<Long, Long, Long, Long>, Tuple3<Long, Long, Long>> {
    /** Category, beginning, end, and the leading price. */
    private transient ValueState<Tuple4<Long, Long, Long, Long>> leading;
    /** Price and time. */
    private transient ListState<Tuple2<Long, Long>> early;
    private transient Tuple3<Long, Long, Long> lead;

    @Override
    public void open(OpenContext context) {
      leading = getRuntimeContext().getState(new ValueStateDescriptor<>("leading", FOUR));
      early = getRuntimeContext().getListState(new ListStateDescriptor<>("early", PAIR));
      lead = new Tuple3<>();
    }

    @Override
    public void processElement(
        Tuple4<Long, Long, Long, Long> each, Context at, Collector<Tuple3<Long, Long, Long>> out)
        throws Exception {
      if (each.f1 < 0) {
        Tuple4<Long, Long, Long, Long> auction = leading.value();
        if (auction == null) early.add(new Tuple2<>(each.f2, each.f3));
        else take(auction, each.f2, each.f3, out);
        return;
      }
      Tuple4<Long, Long, Long, Long> auction = new Tuple4<>(each.f1, each.f2, each.f3, 0L);
      leading.update(auction);
      for (Tuple2<Long, Long> bid : early.get()) take(auction, bid.f0, bid.f1, out);
      early.clear();
    }

    private void take(
        Tuple4<Long, Long, Long, Long> auction,
        long price,
        long time,
        Collector<Tuple3<Long, Long, Long>> out)
        throws Exception {
      if (price <= auction.f3 || time < auction.f1 || time > auction.f2) return;
      lead.f0 = auction.f0;
      lead.f1 = price;
      lead.f2 = auction.f3;
      auction.f3 = price;
      leading.update(auction);
      out.collect(lead);
    }
  }

  private static final class MeanOfCategory
      extends KeyedProcessFunction<Long, Tuple3<Long, Long, Long>, Tuple2<Long, Long>> {
    /** Sum and number of auctions. */
    private transient ValueState<Tuple2<Long, Long>> sums;
    private transient Tuple2<Long, Long> row;

    @Override
    public void open(OpenContext context) {
      sums = getRuntimeContext().getState(new ValueStateDescriptor<>("sums", PAIR));
      row = new Tuple2<>();
    }

    @Override
    public void processElement(
        Tuple3<Long, Long, Long> lead, Context at, Collector<Tuple2<Long, Long>> out)
        throws Exception {
      Tuple2<Long, Long> sum = sums.value();
      if (sum == null) sum = new Tuple2<>(0L, 0L);
      sum.f0 += lead.f1 - lead.f2;
      if (lead.f2 == 0) sum.f1++;
      sums.update(sum);
      row.f0 = lead.f0;
      row.f1 = sum.f0 / sum.f1;
      out.collect(row);
    }
  }

  /** Number of the person, its name or nothing for a seller, and the time. */
  static void newUsers(DataStream<String> lines) {
    Tuple3<Long, String, Long> row = new Tuple3<>();
    TypeInformation<Tuple3<Long, String, Long>> type =
        Types.TUPLE(Types.LONG, Types.STRING, Types.LONG);
    DataStream<Tuple3<Long, String, Long>> signs =
        Nexmark.read(
            lines,
            event -> {
              if (event.isBid()) return null;
              row.f0 = event.isPerson() ? event.id : event.seller;
              row.f1 = event.isPerson() ? event.name : "";
              row.f2 = event.time;
              return row;
            },
            type);
    TypeInformation<Tuple2<String, Boolean>> both = Types.TUPLE(Types.STRING, Types.BOOLEAN);
    Nexmark.timed(signs, sign -> sign.f2)
        .keyBy(sign -> sign.f0, Types.LONG)
        .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
        .aggregate(new NameAndSale(), new NewSeller(), both, both, type)
        .sinkTo(
            Nexmark.checked(
                out -> Nexmark.and(Nexmark.and(Nexmark.numbers(out.f0), out.f1), out.f2)));
  }

  private static final class NameAndSale
      implements AggregateFunction<
          Tuple3<Long, String, Long>, Tuple2<String, Boolean>, Tuple2<String, Boolean>> {
    @Override
    public Tuple2<String, Boolean> createAccumulator() {
      return new Tuple2<>("", false);
    }

    @Override
    public Tuple2<String, Boolean> add(
        Tuple3<Long, String, Long> sign, Tuple2<String, Boolean> both) {
      if (sign.f1.isEmpty()) both.f1 = true;
      else both.f0 = sign.f1;
      return both;
    }

    @Override
    public Tuple2<String, Boolean> getResult(Tuple2<String, Boolean> both) {
      return both;
    }

    @Override
    public Tuple2<String, Boolean> merge(Tuple2<String, Boolean> a, Tuple2<String, Boolean> b) {
      return new Tuple2<>(a.f0.isEmpty() ? b.f0 : a.f0, a.f1 || b.f1);
    }
  }

  private static final class NewSeller
      extends ProcessWindowFunction<
          Tuple2<String, Boolean>, Tuple3<Long, String, Long>, Long, TimeWindow> {
    @Override
    public void process(
        Long id,
        Context at,
        Iterable<Tuple2<String, Boolean>> signs,
        Collector<Tuple3<Long, String, Long>> out) {
      Tuple2<String, Boolean> both = signs.iterator().next();
      if (both.f0.isEmpty() || !both.f1) return;
      out.collect(new Tuple3<>(id, both.f0, at.window().getStart()));
    }
  }
}
