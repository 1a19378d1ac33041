import java.io.File;
import java.time.Duration;

/** What this run is to be: how to deduplicate, and what the harness's greeting says. */
record Told(String how, long windowNs, double factor, String state, int parallelism, Duration checkpoint, String sink, File directory) {
    static Told of(String how, int parallelism, DedupFlow harness) {
        Told told = new Told(
                how.equals("sql") ? "sql-" + harness.told("order") : how,
                how.equals("none") ? 1 : Long.parseLong(harness.told("window")),
                Double.parseDouble(harness.told("time_factor")),
                harness.told("state"),
                parallelism,
                Duration.ofNanos(Long.parseLong(harness.told("checkpoint"))),
                harness.told("sink"),
                new File(harness.told("state_dir")));
        if (told.isCommitting() && told.checkpoint.isZero()) {
            throw new IllegalArgumentException("sink=committing gives out at checkpoints, and there are none: set checkpoint too, to 500ms for example");
        }
        return told;
    }

    boolean isOnWall() {
        return how.equals("wall");
    }

    /** Whether what passes waits for the checkpoint that it is in. */
    boolean isCommitting() {
        return sink.equals("committing");
    }

    /** The time to live: on the wall, which the run is squeezed for, or in nanoseconds of the time that is given. */
    Duration timeToLive() {
        return isOnWall() ? Duration.ofNanos((long) (windowNs / factor)) : Duration.ofMillis(windowNs);
    }

    /** Now, in nanoseconds, by the clock that windows go by. */
    long now(long given) {
        return isOnWall() ? System.nanoTime() : given;
    }
}
