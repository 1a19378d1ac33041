import java.io.File;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.apache.flink.configuration.Configuration;

/** How the processes of a cluster on this machine find each other, and how they are set. */
final class Managers {
    private Managers() {}

    static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** For a job manager that listens on this port. */
    static Configuration jobManager(int port, int rest, File directory) {
        Configuration configuration = both(port);
        configuration.setString("jobmanager.bind-host", "127.0.0.1");
        configuration.setString("rest.address", "127.0.0.1");
        configuration.setString("rest.bind-address", "127.0.0.1");
        configuration.setString("rest.port", Integer.toString(rest));
        configuration.setString("blob.storage.directory", new File(directory, "blobs").getPath());
        configuration.setString("web.submit.enable", "false");
        configuration.setString("restart-strategy.type", "fixed-delay");
        configuration.setString("restart-strategy.fixed-delay.attempts", "1000");
        configuration.setString("restart-strategy.fixed-delay.delay", "500 ms");
        return configuration;
    }

    /** For a task manager with one slot. */
    static Configuration taskManager(int jobManager, String directory) {
        Configuration configuration = both(jobManager);
        configuration.setString("taskmanager.host", "127.0.0.1");
        configuration.setString("taskmanager.bind-host", "127.0.0.1");
        configuration.setString("taskmanager.numberOfTaskSlots", "1");
        configuration.setString("io.tmp.dirs", directory);
        // What its starting script works out otherwise.
        configuration.setString("taskmanager.cpu.cores", "1");
        configuration.setString("taskmanager.memory.task.heap.size", "512 mb");
        configuration.setString("taskmanager.memory.task.off-heap.size", "0");
        configuration.setString("taskmanager.memory.network.min", "64 mb");
        configuration.setString("taskmanager.memory.network.max", "64 mb");
        configuration.setString("taskmanager.memory.managed.size", "256 mb");
        configuration.setString("taskmanager.memory.framework.heap.size", "128 mb");
        configuration.setString("taskmanager.memory.framework.off-heap.size", "128 mb");
        configuration.setString("taskmanager.memory.jvm-metaspace.size", "256 mb");
        configuration.setString("taskmanager.memory.jvm-overhead.min", "192 mb");
        configuration.setString("taskmanager.memory.jvm-overhead.max", "192 mb");
        return configuration;
    }

    private static Configuration both(int port) {
        Configuration configuration = new Configuration();
        configuration.setString("jobmanager.rpc.address", "127.0.0.1");
        configuration.setString("jobmanager.rpc.port", Integer.toString(port));
        // With the defaults of 10 s and 50 s one that was killed is missed so much later.
        configuration.setString("heartbeat.interval", "500 ms");
        configuration.setString("heartbeat.timeout", "3 s");
        return configuration;
    }
}
