// Sums by key, each held with a text of a hundred bytes that changes with it, so that state is much
// larger than memory: `bench/jobs/text-sums.ts` is the same job. Each key comes once; only what
// comes after that is timed.
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

final class TextSums {
  static void build(StreamExecutionEnvironment env, String path) throws Exception {
    long records = Files.size(Path.of(path)) / Integer.BYTES;
    int keys = (int) ((records + 1) / 2);
    env.fromSequence(0, keys + records - 1)
        .map(new Keys(path, keys))
        .returns(Types.INT)
        .keyBy(key -> key, Types.INT)
        .process(new Sums())
        .returns(Types.TUPLE(Types.INT, Types.INT, Types.DOUBLE))
        .sinkTo(new Jobs.Checked<>(out -> out.f0 + out.f1, out -> (int) (long) (double) out.f2));
  }

  static final class Keys extends RichMapFunction<Long, Integer> {
    private final String path;
    private final int keys;
    private transient ByteBuffer draws;

    Keys(String path, int keys) {
      this.path = path;
      this.keys = keys;
    }

    @Override
    public void open(OpenContext context) throws Exception {
      draws = ByteBuffer.wrap(Files.readAllBytes(Path.of(path))).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public Integer map(Long number) {
      if (number == keys) Outcome.started();
      int at = (int) (long) number;
      return Texts.keyOf(at < keys ? at : draws.getInt(Integer.BYTES * (at - keys)), keys);
    }
  }

  static final class Sums
      extends KeyedProcessFunction<Integer, Integer, Tuple3<Integer, Integer, Double>> {
    private transient ValueState<Tuple2<Double, String>> held;
    private transient Tuple2<Double, String> holding;
    private transient Tuple3<Integer, Integer, Double> result;

    @Override
    public void open(OpenContext context) {
      held =
          getRuntimeContext()
              .getState(
                  new ValueStateDescriptor<>("held", Types.TUPLE(Types.DOUBLE, Types.STRING)));
      holding = new Tuple2<>();
      result = new Tuple3<>();
    }

    @Override
    public void processElement(
        Integer key, Context at, Collector<Tuple3<Integer, Integer, Double>> out)
        throws Exception {
      Tuple2<Double, String> before = held.value();
      int sum = (before == null ? 0 : (int) (double) before.f0) + 1 + (key & 63);
      result.f0 = key;
      result.f1 = before == null ? 0 : (int) before.f1.charAt(sum % Texts.LENGTH);
      result.f2 = (double) sum;
      holding.f0 = result.f2;
      holding.f1 = Texts.textOf(key, sum);
      held.update(holding);
      out.collect(result);
    }
  }
}
