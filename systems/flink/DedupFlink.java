import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Flink as a deduplication system. The cluster is inside this process; pings come from the harness's pipe into the source, and
 * what passes goes from the sink into the other pipe.
 */
public final class DedupFlink {
    public static void main(String[] args) throws Exception {
        DedupFlow harness = new DedupFlow();
        Feed feed;
        JobClient job;
        try {
            Told told = Told.of(args[0], Integer.parseInt(harness.told("parallelism")), harness);
            feed = new Feed(harness, told, Intake.HERE::put);
            Ends.here = feed;
            var configuration = Job.configured(told);
            configuration.setString("restart-strategy.type", "none");
            var environment = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
            job = Job.started(environment, told, new Ends(0, System.nanoTime()));
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
        // A job that is cancelled would keep its pings; what it has kept is in its checkpoints.
        Runtime.getRuntime().halt(0);
    }
}
