// q9 and q20: whole bids together with whole auctions. Both are one stream, by the number of the
// auction, so that they come in the order of the file.
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple10;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple7;
import org.apache.flink.api.java.typeutils.TupleTypeInfo;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.types.Either;
import org.apache.flink.util.Collector;

public final class NexmarkBids {
  /** Auction, bidder, price, channel, url, time, extra. */
  public static final class Bid extends Tuple7<Long, Long, Long, String, String, Long, String> {
    private static final long serialVersionUID = 1;

    static final TypeInformation<Bid> TYPE =
        new TupleTypeInfo<>(
            Bid.class,
            Types.LONG,
            Types.LONG,
            Types.LONG,
            Types.STRING,
            Types.STRING,
            Types.LONG,
            Types.STRING);

    Bid with(Event event) {
      f0 = event.auction;
      f1 = event.bidder;
      f2 = event.price;
      f3 = event.channel;
      f4 = event.url;
      f5 = event.time;
      f6 = event.extra;
      return this;
    }

    /** State keeps what it is given, and records that come are used again. */
    Bid kept() {
      Bid bid = new Bid();
      bid.setFields(f0, f1, f2, f3, f4, f5, f6);
      return bid;
    }

    int hash() {
      int hash = Nexmark.and(Nexmark.and(Nexmark.numbers(f0, f1, f2), f3), f4);
      return Nexmark.and(Nexmark.and(hash, f5), f6);
    }

    int hashOfOffer(int before) {
      int hash = Nexmark.and(Nexmark.and(Nexmark.and(before, f0), f1), f2);
      return Nexmark.and(Nexmark.and(hash, f5), f6);
    }
  }

  /** Number, name, description, initial bid, reserve, time, end, seller, category, extra. */
  public static final class Item
      extends Tuple10<Long, String, String, Long, Long, Long, Long, Long, Long, String> {
    private static final long serialVersionUID = 1;

    static final TypeInformation<Item> TYPE =
        new TupleTypeInfo<>(
            Item.class,
            Types.LONG,
            Types.STRING,
            Types.STRING,
            Types.LONG,
            Types.LONG,
            Types.LONG,
            Types.LONG,
            Types.LONG,
            Types.LONG,
            Types.STRING);

    Item with(Event event) {
      setFields(
          event.id,
          event.itemName,
          event.description,
          event.initialBid,
          event.reserve,
          event.time,
          event.expires,
          event.seller,
          event.category,
          event.extra);
      return this;
    }

    Item kept() {
      Item item = new Item();
      item.setFields(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9);
      return item;
    }

    int hash(int before) {
      int hash = Nexmark.and(Nexmark.and(Nexmark.and(before, f1), f2), f3);
      hash = Nexmark.and(Nexmark.and(Nexmark.and(hash, f4), f5), f6);
      return Nexmark.and(Nexmark.and(Nexmark.and(hash, f7), f8), f9);
    }
  }

  private static final TypeInformation<Either<Item, Bid>> EITHER =
      Types.EITHER(Item.TYPE, Bid.TYPE);
  private static final TypeInformation<Tuple2<Item, Bid>> BOTH = Types.TUPLE(Item.TYPE, Bid.TYPE);

  static void winning(DataStream<String> lines) {
    byAuction(lines, Long.MIN_VALUE, new LeadingBids())
        .sinkTo(
            Nexmark.checked(
                out -> out.f1.hashOfOffer(out.f0.hash(Nexmark.numbers(out.f0.f0)))));
  }

  static void expanded(DataStream<String> lines) {
    byAuction(lines, Nexmark.CATEGORY, new BidsAndItems())
        .sinkTo(Nexmark.checked(out -> out.f0.hash(out.f1.hash())));
  }

  /** Bids and the items of a category, or of all. */
  private static DataStream<Tuple2<Item, Bid>> byAuction(
      DataStream<String> lines,
      long category,
      KeyedProcessFunction<Long, Either<Item, Bid>, Tuple2<Item, Bid>> function) {
    Item item = new Item();
    Bid bid = new Bid();
    return Nexmark.read(
            lines,
            event -> {
              if (event.isBid()) return Either.<Item, Bid>Right(bid.with(event));
              if (!event.isAuction()) return null;
              if (category != Long.MIN_VALUE && event.category != category) return null;
              return Either.<Item, Bid>Left(item.with(event));
            },
            EITHER)
        .keyBy(each -> each.isLeft() ? each.left().f0 : each.right().f0, Types.LONG)
        .process(function)
        .returns(BOTH);
  }

  private static final class LeadingBids
      extends KeyedProcessFunction<Long, Either<Item, Bid>, Tuple2<Item, Bid>> {
    private transient ValueState<Item> item;
    private transient ValueState<Bid> leader;
    private transient ListState<Bid> early;
    private transient Tuple2<Item, Bid> row;

    @Override
    public void open(OpenContext context) {
      item = getRuntimeContext().getState(new ValueStateDescriptor<>("item", Item.TYPE));
      leader = getRuntimeContext().getState(new ValueStateDescriptor<>("leader", Bid.TYPE));
      early = getRuntimeContext().getListState(new ListStateDescriptor<>("early", Bid.TYPE));
      row = new Tuple2<>();
    }

    @Override
    public void processElement(
        Either<Item, Bid> each, Context at, Collector<Tuple2<Item, Bid>> out) throws Exception {
      if (each.isRight()) {
        Bid bid = each.right();
        Item of = item.value();
        if (of == null) early.add(bid.kept());
        else take(of, bid, out);
        return;
      }
      Item of = each.left().kept();
      item.update(of);
      for (Bid bid : early.get()) take(of, bid, out);
      early.clear();
    }

    private void take(Item of, Bid bid, Collector<Tuple2<Item, Bid>> out) throws Exception {
      if (bid.f5 < of.f5 || bid.f5 > of.f6) return;
      Bid before = leader.value();
      if (before != null && bid.f2 <= before.f2) return;
      Bid kept = bid.kept();
      leader.update(kept);
      row.f0 = of;
      row.f1 = kept;
      out.collect(row);
    }
  }

  private static final class BidsAndItems
      extends KeyedProcessFunction<Long, Either<Item, Bid>, Tuple2<Item, Bid>> {
    private transient ListState<Bid> bids;
    private transient ListState<Item> items;
    private transient Tuple2<Item, Bid> row;

    @Override
    public void open(OpenContext context) {
      bids = getRuntimeContext().getListState(new ListStateDescriptor<>("bids", Bid.TYPE));
      items = getRuntimeContext().getListState(new ListStateDescriptor<>("items", Item.TYPE));
      row = new Tuple2<>();
    }

    @Override
    public void processElement(
        Either<Item, Bid> each, Context at, Collector<Tuple2<Item, Bid>> out) throws Exception {
      if (each.isRight()) {
        row.f1 = each.right().kept();
        bids.add(row.f1);
        for (Item item : items.get()) {
          row.f0 = item;
          out.collect(row);
        }
      } else {
        row.f0 = each.left().kept();
        items.add(row.f0);
        for (Bid bid : bids.get()) {
          row.f1 = bid;
          out.collect(row);
        }
      }
    }
  }
}
