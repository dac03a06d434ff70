import java.io.File;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;

/**
 * HDFS for tests: a NameNode and a DataNode in this process, on 127.0.0.1 only. Arguments: a folder,
 * in which a former process may have left its files, and the NameNode's ports of HTTP and RPC.
 */
public class HdfsServer {
  public static void main(String[] arguments) throws Exception {
    String folder = arguments[0];
    System.setProperty("test.build.data", folder);
    System.setProperty("hadoop.home.dir", folder);
    Configuration settings = new Configuration();
    settings.set("hdfs.minidfs.basedir", folder + "/dfs");
    settings.set("hadoop.tmp.dir", folder + "/tmp");
    settings.set("dfs.namenode.rpc-bind-host", "127.0.0.1");
    settings.set("dfs.namenode.http-bind-host", "127.0.0.1");
    settings.setInt("dfs.replication", 1);
    // Back from a kill, it is to answer soon.
    settings.setInt("dfs.namenode.safemode.extension", 0);
    boolean isFresh = !new File(folder + "/dfs/name-0-1").exists();
    MiniDFSCluster cluster =
        new MiniDFSCluster.Builder(settings)
            .numDataNodes(1)
            .format(isFresh)
            .manageNameDfsDirs(true)
            .nameNodeHttpPort(Integer.parseInt(arguments[1]))
            .nameNodePort(Integer.parseInt(arguments[2]))
            .build();
    cluster.waitActive();
    System.out.println("READY");
    System.out.flush();
    Thread.currentThread().join();
  }
}
