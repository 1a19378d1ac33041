import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;

/** What is on its way to the source: one thread puts in, another takes out. */
final class Intake {
    /** Where the harness's pipe and the source are in one process. */
    static final Intake HERE = new Intake();

    private final ArrayBlockingQueue<Piece> queue = new ArrayBlockingQueue<>(1024);
    private volatile CompletableFuture<Void> waiting = CompletableFuture.completedFuture(null);

    /** Pings that came at a time, or the watermark behind them where there are none; all pieces of a run are numbered. */
    record Piece(long number, long time, ByteBuffer pings) {}

    void put(Piece piece) throws InterruptedException {
        queue.put(piece);
        waiting.complete(null);
    }

    /** The next piece, or null. */
    Piece poll() {
        return queue.poll();
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    /** Completes once there may be something. */
    CompletableFuture<Void> available() {
        if (!queue.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        // Whoever asked before waits for the one that he was given.
        if (waiting.isDone()) {
            waiting = new CompletableFuture<>();
        }
        CompletableFuture<Void> next = waiting;
        // Something may have come in between.
        if (!queue.isEmpty()) {
            next.complete(null);
        }
        return next;
    }
}
