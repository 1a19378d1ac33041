import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.plugin.PluginManager;
import org.apache.flink.core.plugin.PluginUtils;
import org.apache.flink.runtime.taskexecutor.TaskManagerRunner;

/**
 * A task manager in a process of its own: DedupTaskManager PORT DIRECTORY [JOB-MANAGER]. It listens on the port until somebody says,
 * in a line, on which port the job manager is; a job manager that was started again says so again.
 */
public final class DedupTaskManager {
    private static int jobManager;
    private static TaskManagerRunner running;

    public static void main(String[] args) throws Exception {
        String directory = args[1];
        if (args.length > 2) {
            follow(Integer.parseInt(args[2]), directory);
            running.getTerminationFuture().get();
            return;
        }
        try (ServerSocket listening = new ServerSocket(Integer.parseInt(args[0]), 16, InetAddress.getLoopbackAddress())) {
            while (true) {
                Socket socket = listening.accept();
                // The connection stays: that it ends says that this process is gone.
                Thread thread = new Thread(() -> hear(socket, directory));
                thread.setDaemon(true);
                thread.start();
            }
        }
    }

    private static void hear(Socket socket, String directory) {
        try (socket) {
            BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream()));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                follow(Integer.parseInt(line), directory);
            }
        } catch (IOException gone) {
            // Whoever only looks whether we listen says nothing.
        } catch (Exception why) {
            why.printStackTrace();
            Runtime.getRuntime().halt(3);
        }
    }

    private static synchronized void follow(int port, String directory) throws Exception {
        if (port == jobManager) {
            return;
        }
        if (running != null) {
            // What it did for a job manager that is gone is not waited for.
            running.closeAsync();
        }
        jobManager = port;
        Configuration configuration = Managers.taskManager(port, directory);
        PluginManager plugins = PluginUtils.createPluginManagerFromRootFolder(configuration);
        FileSystem.initialize(configuration, plugins);
        running = new TaskManagerRunner(configuration, plugins, TaskManagerRunner::createTaskExecutorService);
        running.start();
    }
}
