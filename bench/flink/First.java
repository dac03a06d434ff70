// A trivial job in a fresh process: ten words are counted, and each count is printed at once.
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

public final class First {
  public static void main(String[] args) throws Exception {
    Configuration conf = new Configuration();
    conf.setString("rest.port", "0");
    conf.setString("rest.bind-port", "0");
    conf.setString("io.tmp.dirs", args[0]);
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(1, conf);
    env.fromData(Types.STRING, "to be or not to be that is the question".split(" "))
        .keyBy(word -> word, Types.STRING)
        .process(new Functions.Count())
        .returns(Types.TUPLE(Types.STRING, Types.INT))
        .sinkTo(new Printed());
    env.execute("start");
    System.exit(0);
  }

  record Printed() implements Sink<Tuple2<String, Integer>> {
    @Override
    public SinkWriter<Tuple2<String, Integer>> createWriter(WriterInitContext context) {
      return new SinkWriter<>() {
        @Override
        public void write(Tuple2<String, Integer> update, Context at) {
          System.out.println(update.f0 + " " + update.f1);
        }

        @Override
        public void flush(boolean endOfInput) {}

        @Override
        public void close() {}
      };
    }
  }
}
