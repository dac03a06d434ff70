// What the jobs do for each key: one read and one write of state per record, and one record out.
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

final class Functions {
  static final class Count extends KeyedProcessFunction<String, String, Tuple2<String, Integer>> {
    private transient ValueState<Integer> count;
    private transient Tuple2<String, Integer> update;

    @Override
    public void open(OpenContext context) {
      count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.INT));
      update = new Tuple2<>();
    }

    @Override
    public void processElement(String word, Context at, Collector<Tuple2<String, Integer>> out)
        throws Exception {
      Integer before = count.value();
      int now = before == null ? 1 : before + 1;
      count.update(now);
      update.f0 = word;
      update.f1 = now;
      out.collect(update);
    }
  }

  /** Keyed, but without state: what is left is the exchange. */
  static final class PassOn
      extends KeyedProcessFunction<Integer, Tuple2<Integer, Integer>, Tuple2<Integer, Integer>> {
    @Override
    public void processElement(
        Tuple2<Integer, Integer> payment, Context at, Collector<Tuple2<Integer, Integer>> out) {
      out.collect(payment);
    }
  }

  static final class Sum<K> extends KeyedProcessFunction<K, Tuple2<K, Integer>, Tuple2<K, Double>> {
    private transient ValueState<Double> sum;
    private transient Tuple2<K, Double> update;

    @Override
    public void open(OpenContext context) {
      sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Types.DOUBLE));
      update = new Tuple2<>();
    }

    @Override
    public void processElement(
        Tuple2<K, Integer> payment, Context at, Collector<Tuple2<K, Double>> out)
        throws Exception {
      Double before = sum.value();
      double now = (before == null ? 0 : before) + payment.f1;
      sum.update(now);
      update.f0 = payment.f0;
      update.f1 = now;
      out.collect(update);
    }
  }

  static final class CountByPage
      extends KeyedProcessFunction<
          Integer, Tuple2<Integer, Integer>, Tuple3<Integer, Integer, Integer>> {
    private transient MapState<Integer, Integer> counts;
    private transient Tuple3<Integer, Integer, Integer> update;

    @Override
    public void open(OpenContext context) {
      counts =
          getRuntimeContext()
              .getMapState(new MapStateDescriptor<>("counts", Types.INT, Types.INT));
      update = new Tuple3<>();
    }

    @Override
    public void processElement(
        Tuple2<Integer, Integer> visit,
        Context at,
        Collector<Tuple3<Integer, Integer, Integer>> out)
        throws Exception {
      Integer before = counts.get(visit.f1);
      int now = before == null ? 1 : before + 1;
      counts.put(visit.f1, now);
      update.f0 = visit.f0;
      update.f1 = visit.f1;
      update.f2 = now;
      out.collect(update);
    }
  }

  /** Keeps what comes; at each hundredth of a key its sum goes out and the list begins anew. */
  static final class Hundreds
      extends KeyedProcessFunction<Integer, Tuple2<Integer, Integer>, Tuple2<Integer, Integer>> {
    private transient ListState<Integer> list;
    private transient ValueState<Integer> length;
    private transient Tuple2<Integer, Integer> result;

    @Override
    public void open(OpenContext context) {
      list = getRuntimeContext().getListState(new ListStateDescriptor<>("list", Types.INT));
      length = getRuntimeContext().getState(new ValueStateDescriptor<>("length", Types.INT));
      result = new Tuple2<>();
    }

    @Override
    public void processElement(
        Tuple2<Integer, Integer> visit, Context at, Collector<Tuple2<Integer, Integer>> out)
        throws Exception {
      list.add(visit.f1);
      Integer before = length.value();
      int now = before == null ? 1 : before + 1;
      if (now < 100) {
        length.update(now);
        return;
      }
      int sum = 0;
      for (int each : list.get()) sum += each;
      list.clear();
      length.clear();
      result.f0 = visit.f0;
      result.f1 = sum;
      out.collect(result);
    }
  }
}
