// q18 and q19: the last bids, and the highest ones.
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

final class NexmarkRanks {
  private static final int RANKS = 10;
  private static final TypeInformation<Tuple2<Long, Long>> PAIR =
      Types.TUPLE(Types.LONG, Types.LONG);

  static DataStream<NexmarkBids.Bid> bids(DataStream<String> lines) {
    NexmarkBids.Bid bid = new NexmarkBids.Bid();
    return Nexmark.read(
        lines, event -> event.isBid() ? bid.with(event) : null, NexmarkBids.Bid.TYPE);
  }

  static void last(DataStream<String> lines) {
    bids(lines)
        .keyBy(bid -> new Tuple2<>(bid.f1, bid.f0), PAIR)
        .process(new Last())
        .returns(NexmarkBids.Bid.TYPE)
        .sinkTo(Nexmark.checked(NexmarkBids.Bid::hash));
  }

  private static final class Last
      extends KeyedProcessFunction<Tuple2<Long, Long>, NexmarkBids.Bid, NexmarkBids.Bid> {
    private transient ValueState<NexmarkBids.Bid> last;

    @Override
    public void open(OpenContext context) {
      last =
          getRuntimeContext().getState(new ValueStateDescriptor<>("last", NexmarkBids.Bid.TYPE));
    }

    @Override
    public void processElement(
        NexmarkBids.Bid bid, Context at, Collector<NexmarkBids.Bid> out) throws Exception {
      NexmarkBids.Bid now = last.value();
      if (now == null || bid.f5 >= now.f5) {
        now = bid.kept();
        last.update(now);
      }
      out.collect(now);
    }
  }

  static void highest(DataStream<String> lines) {
    bids(lines)
        .keyBy(bid -> bid.f0, Types.LONG)
        .process(new Top())
        .returns(Types.TUPLE(NexmarkBids.Bid.TYPE, Types.INT))
        .sinkTo(Nexmark.checked(out -> Nexmark.and(out.f0.hash(), out.f1)));
  }

  private static final class Top
      extends KeyedProcessFunction<Long, NexmarkBids.Bid, Tuple2<NexmarkBids.Bid, Integer>> {
    private transient ValueState<List<NexmarkBids.Bid>> top;
    private transient Tuple2<NexmarkBids.Bid, Integer> row;

    @Override
    public void open(OpenContext context) {
      TypeInformation<List<NexmarkBids.Bid>> list = Types.LIST(NexmarkBids.Bid.TYPE);
      top = getRuntimeContext().getState(new ValueStateDescriptor<>("top", list));
      row = new Tuple2<>();
    }

    @Override
    public void processElement(
        NexmarkBids.Bid bid, Context at, Collector<Tuple2<NexmarkBids.Bid, Integer>> out)
        throws Exception {
      List<NexmarkBids.Bid> bids = top.value();
      if (bids == null) bids = new ArrayList<>(RANKS + 1);
      int place = bids.size();
      while (place > 0 && bids.get(place - 1).f2 < bid.f2) place--;
      if (place >= RANKS) return;
      bids.add(place, bid.kept());
      if (bids.size() > RANKS) bids.remove(RANKS);
      top.update(bids);
      for (int rank = place; rank < bids.size(); rank++) {
        row.f0 = bids.get(rank);
        row.f1 = rank + 1;
        out.collect(row);
      }
    }
  }
}
