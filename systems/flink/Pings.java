import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * What the harness puts in, as a source: pings as (half of the key, other half, time, number), and a watermark for each
 * marker. One split, which nobody has to find.
 */
public final class Pings implements Source<Tuple4<Long, Long, Long, Long>, Pings.Whole, Boolean> {
    /** Elements of one poll: what a source emits at once must not keep checkpoints waiting. */
    private static final int AT_ONCE = 256;

    private static final ArrayBlockingQueue<Piece> QUEUE = new ArrayBlockingQueue<>(1024);
    private static volatile CompletableFuture<Void> waiting = CompletableFuture.completedFuture(null);

    /** Pings, or the watermark behind them where there are none. */
    private record Piece(long time, ByteBuffer pings) {}

    static void put(long time, ByteBuffer pings) throws InterruptedException {
        QUEUE.put(new Piece(time, pings));
        waiting.complete(null);
    }

    static void mark(long watermark) throws InterruptedException {
        put(watermark, null);
    }

    @Override
    public Boundedness getBoundedness() {
        return Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SourceReader<Tuple4<Long, Long, Long, Long>, Whole> createReader(SourceReaderContext context) {
        return new Reader();
    }

    @Override
    public SplitEnumerator<Whole, Boolean> createEnumerator(SplitEnumeratorContext<Whole> context) {
        return new Enumerator(context, false);
    }

    @Override
    public SplitEnumerator<Whole, Boolean> restoreEnumerator(SplitEnumeratorContext<Whole> context, Boolean given) {
        return new Enumerator(context, given);
    }

    @Override
    public SimpleVersionedSerializer<Whole> getSplitSerializer() {
        return new Nothing<>(new Whole());
    }

    @Override
    public SimpleVersionedSerializer<Boolean> getEnumeratorCheckpointSerializer() {
        return new Nothing<>(true);
    }

    /** The one split. */
    public static final class Whole implements SourceSplit {
        @Override
        public String splitId() {
            return "pings";
        }
    }

    private static final class Reader implements SourceReader<Tuple4<Long, Long, Long, Long>, Whole> {
        private Piece piece;

        @Override
        public void start() {}

        @Override
        public InputStatus pollNext(ReaderOutput<Tuple4<Long, Long, Long, Long>> output) {
            if (piece == null) {
                piece = QUEUE.poll();
            }
            if (piece == null) {
                return InputStatus.NOTHING_AVAILABLE;
            }
            ByteBuffer pings = piece.pings();
            if (pings == null) {
                output.emitWatermark(new Watermark(piece.time()));
            } else {
                for (int left = AT_ONCE; left > 0 && pings.hasRemaining(); left--) {
                    long half = pings.getLong();
                    long other = pings.getLong();
                    pings.position(pings.position() + 16);
                    output.collect(Tuple4.of(half, other, piece.time(), pings.getLong()));
                }
            }
            if (pings == null || !pings.hasRemaining()) {
                piece = null;
            }
            return piece == null && QUEUE.isEmpty() ? InputStatus.NOTHING_AVAILABLE : InputStatus.MORE_AVAILABLE;
        }

        @Override
        public CompletableFuture<Void> isAvailable() {
            if (piece != null || !QUEUE.isEmpty()) {
                return CompletableFuture.completedFuture(null);
            }
            // Whoever asked before waits for the one that he was given.
            if (waiting.isDone()) {
                waiting = new CompletableFuture<>();
            }
            CompletableFuture<Void> next = waiting;
            // Something may have come in between.
            if (!QUEUE.isEmpty()) {
                next.complete(null);
            }
            return next;
        }

        @Override
        public List<Whole> snapshotState(long checkpoint) {
            return List.of(new Whole());
        }

        @Override
        public void addSplits(List<Whole> splits) {}

        @Override
        public void notifyNoMoreSplits() {}

        @Override
        public void close() {}
    }

    private static final class Enumerator implements SplitEnumerator<Whole, Boolean> {
        private final SplitEnumeratorContext<Whole> context;
        private boolean given;

        Enumerator(SplitEnumeratorContext<Whole> context, boolean given) {
            this.context = context;
            this.given = given;
        }

        @Override
        public void start() {}

        @Override
        public void handleSplitRequest(int reader, String host) {}

        @Override
        public void addSplitsBack(List<Whole> splits, int reader) {
            given = false;
        }

        @Override
        public void addReader(int reader) {
            if (!given) {
                context.assignSplit(new Whole(), reader);
                given = true;
            }
        }

        @Override
        public Boolean snapshotState(long checkpoint) {
            return given;
        }

        @Override
        public void close() {}
    }

    /** Of what holds nothing. */
    private record Nothing<T>(T value) implements SimpleVersionedSerializer<T> {
        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(T value) {
            return new byte[0];
        }

        @Override
        public T deserialize(int version, byte[] bytes) {
            return value;
        }
    }
}
