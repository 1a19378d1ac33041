import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.entrypoint.ClusterEntrypoint;
import org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Flink as a cluster: this process is the job manager, and keeps pings as a broker would. The job runs in one of two task managers,
 * processes of their own (`DedupTaskManager`): one that the harness starts, kills and starts again, and one that is ours and spare.
 */
public final class DedupCluster {
    public static void main(String[] args) throws Exception {
        DedupFlow harness = new DedupFlow();
        Feed feed;
        JobClient job;
        Process spare;
        try {
            Told told = Told.of(args[0], 1, harness);
            Front front = new Front();
            feed = new Feed(harness, told, front::put);
            front.open(feed);
            int port = Managers.freePort();
            int rest = Managers.freePort();
            var configuration = Managers.jobManager(port, rest, told.directory());
            configuration.addAll(Job.configured(told));
            // Its main() ends with the process.
            Front.inBackground(() -> ClusterEntrypoint.runClusterEntrypoint(new StandaloneSessionClusterEntrypoint(configuration)));
            Front.inBackground(() -> tellAgain(address(harness), port));
            var environment = StreamExecutionEnvironment.createRemoteEnvironment("127.0.0.1", rest, configuration);
            job = Job.started(environment, told, new Ends(front.port(), System.nanoTime()));
            front.awaitSource();
            spare = spare(port, told.directory());
        } catch (Exception why) {
            harness.refuse(why);
            return;
        }
        job.getJobExecutionResult().whenComplete((result, why) -> {
            if (why != null) {
                why.printStackTrace();
                Runtime.getRuntime().halt(3);
            }
        });
        harness.serve("Flink " + EnvironmentInformation.getVersion(), feed);
        spare.destroyForcibly();
        Runtime.getRuntime().halt(0);
    }

    private static String[] address(DedupFlow harness) {
        return harness.told("server").split(":");
    }

    /** Tells the task manager of the harness where the job manager is, and again whenever it has been started again. */
    private static void tellAgain(String[] address, int port) throws InterruptedException {
        while (true) {
            try (Socket socket = new Socket(address[0], Integer.parseInt(address[1]))) {
                OutputStream out = socket.getOutputStream();
                out.write((port + "\n").getBytes());
                out.flush();
                // Until it is gone.
                socket.getInputStream().read();
            } catch (IOException gone) {
                // It is looked for again.
            }
            Thread.sleep(200);
        }
    }

    /** A task manager beside: with it goes on what the other one did. */
    private static Process spare(int port, File directory) throws IOException {
        File own = new File(directory, "spare-" + ProcessHandle.current().pid());
        own.mkdirs();
        var classes = System.getProperty("java.class.path");
        String logging = System.getProperty("log4j2.configurationFile");
        return new ProcessBuilder(
                        "java", "-Xmx1g", "-Djava.io.tmpdir=" + own, "-Dlog4j2.configurationFile=" + logging,
                        "--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED",
                        "-cp", classes, "DedupTaskManager", Integer.toString(0), own.getPath(), Integer.toString(port))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
