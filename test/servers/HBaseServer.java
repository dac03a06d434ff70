import java.io.File;
import java.security.PrivilegedExceptionAction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.LocalHBaseCluster;
import org.apache.hadoop.hbase.NamespaceDescriptor;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Admin;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.client.TableDescriptorBuilder;
import org.apache.hadoop.hbase.rest.RESTServer;
import org.apache.hadoop.hbase.security.access.AccessController;
import org.apache.hadoop.hbase.security.access.Permission;
import org.apache.hadoop.hbase.security.access.UserPermission;
import org.apache.hadoop.hbase.zookeeper.MiniZooKeeperCluster;
import org.apache.hadoop.security.UserGroupInformation;

/**
 * HBase for tests: ZooKeeper, master, region server and the REST server in this process, on
 * 127.0.0.1 only. Arguments: a folder, in which a former process may have left its data, and the
 * ports of REST and of ZooKeeper. The REST server is a user of its own, who may use all tables but
 * `foreign`.
 */
public class HBaseServer {
  private static final String FAMILY = "b";
  private static final String REST_USER = "rest";

  public static void main(String[] arguments) {
    try {
      run(arguments);
    } catch (Throwable failure) {
      // Threads of the servers would keep a process alive that never answers.
      failure.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private static void run(String[] arguments) throws Exception {
    Configuration settings = settings(arguments[0]);
    MiniZooKeeperCluster keeper = new MiniZooKeeperCluster(settings);
    keeper.setDefaultClientPort(Integer.parseInt(arguments[2]));
    int keeperPort = keeper.startup(new File(arguments[0], "zookeeper"));
    settings.setInt("hbase.zookeeper.property.clientPort", keeperPort);
    LocalHBaseCluster cluster = new LocalHBaseCluster(settings, 1, 1);
    cluster.startup();
    while (cluster.getActiveMaster() == null || !cluster.getActiveMaster().isInitialized()) {
      Thread.sleep(20);
    }
    try (Connection connection = ConnectionFactory.createConnection(settings)) {
      createTables(connection.getAdmin());
    }
    settings.set("hbase.rest.host", "127.0.0.1");
    settings.set("hbase.rest.port", arguments[1]);
    settings.setInt("hbase.rest.info.port", -1);
    UserGroupInformation.createRemoteUser(REST_USER)
        .doAs(
            (PrivilegedExceptionAction<Void>)
                () -> {
                  new RESTServer(settings).run();
                  return null;
                });
    System.out.println("READY");
    System.out.flush();
    cluster.join();
  }

  private static Configuration settings(String folder) {
    Configuration settings = HBaseConfiguration.create();
    settings.set("hbase.rootdir", "file://" + folder + "/hbase");
    settings.set("hbase.tmp.dir", folder + "/tmp");
    // With checksums beside its files it keeps back what is to survive a kill.
    settings.setClass("fs.file.impl", RawLocalFileSystem.class, FileSystem.class);
    settings.set("hbase.wal.provider", "filesystem");
    settings.setBoolean("hbase.unsafe.stream.capability.enforce", false);
    settings.set("hbase.zookeeper.quorum", "127.0.0.1");
    // Back from a kill, it is not to wait long for itself.
    settings.setInt("zookeeper.session.timeout", 4_000);
    settings.setInt("hbase.zookeeper.property.tickTime", 1_000);
    for (String server : new String[] {"master", "regionserver"}) {
      settings.set("hbase." + server + ".ipc.address", "127.0.0.1");
      settings.set("hbase.unsafe." + server + ".hostname", "127.0.0.1");
      settings.setInt("hbase." + server + ".port", 0);
      settings.setInt("hbase." + server + ".info.port", -1);
    }
    settings.setInt("hbase.regionserver.handler.count", 10);
    settings.setInt("hbase.regionserver.msginterval", 500);
    settings.setInt("hbase.master.wait.on.regionservers.mintostart", 1);
    settings.setInt("hbase.master.start.timeout.localHBaseCluster", 300_000);
    settings.setBoolean("hbase.security.authorization", true);
    for (String kind : new String[] {"master", "region", "regionserver"}) {
      settings.set("hbase.coprocessor." + kind + ".classes", AccessController.class.getName());
    }
    return settings;
  }

  private static void createTables(Admin admin) throws Exception {
    if (!admin.tableExists(TableName.valueOf("checkpoints"))) {
      admin.createNamespace(NamespaceDescriptor.create("own").build());
      for (String name : new String[] {"foreign", "own:jobs", "checkpoints"}) {
        create(admin, TableName.valueOf(name), FAMILY);
      }
      create(admin, TableName.valueOf("others"), "x");
    }
    for (String name : new String[] {"checkpoints", "own:jobs", "others"}) {
      Permission permission =
          Permission.newBuilder(TableName.valueOf(name))
              .withActions(Permission.Action.READ, Permission.Action.WRITE)
              .build();
      admin.grant(new UserPermission(REST_USER, permission), false);
    }
  }

  private static void create(Admin admin, TableName name, String family) throws Exception {
    admin.createTable(
        TableDescriptorBuilder.newBuilder(name)
            .setColumnFamily(ColumnFamilyDescriptorBuilder.of(family))
            .build());
  }
}
