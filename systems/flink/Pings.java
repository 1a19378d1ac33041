import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
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
 * marker. One split, which nobody has to find; its state is how far it has been read.
 */
final class Pings implements Source<Tuple4<Long, Long, Long, Long>, Pings.Whole, Boolean> {
    /** Elements of one poll: what a source emits at once must not keep checkpoints waiting. */
    private static final int AT_ONCE = 256;

    private final Ends ends;

    Pings(Ends ends) {
        this.ends = ends;
    }

    @Override
    public Boundedness getBoundedness() {
        return Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SourceReader<Tuple4<Long, Long, Long, Long>, Whole> createReader(SourceReaderContext context) {
        return new Reader(ends);
    }

    @Override
    public SplitEnumerator<Whole, Boolean> createEnumerator(SplitEnumeratorContext<Whole> context) {
        return new Enumerator(context, new Whole(ends.run(), 0, 0), false);
    }

    @Override
    public SplitEnumerator<Whole, Boolean> restoreEnumerator(SplitEnumeratorContext<Whole> context, Boolean given) {
        return new Enumerator(context, new Whole(ends.run(), 0, 0), given);
    }

    @Override
    public SimpleVersionedSerializer<Whole> getSplitSerializer() {
        return new InLongs<>(3, of -> new long[] {of.run(), of.piece(), of.done()}, from -> new Whole(from[0], from[1], (int) from[2]));
    }

    @Override
    public SimpleVersionedSerializer<Boolean> getEnumeratorCheckpointSerializer() {
        return new InLongs<>(1, given -> new long[] {given ? 1 : 0}, from -> from[0] == 1);
    }

    /** The one split: the piece that is read next, and how many pings of it are done. Each run numbers its pieces anew. */
    record Whole(long run, long piece, int done) implements SourceSplit {
        @Override
        public String splitId() {
            return "pings";
        }
    }

    private static final class Reader implements SourceReader<Tuple4<Long, Long, Long, Long>, Whole> {
        private final Ends ends;
        private Intake intake = Intake.HERE;
        private Wire.ToSource wire;
        private Intake.Piece piece;
        private final CompletableFuture<Void> assigned = new CompletableFuture<>();
        private Whole next;
        private long watermark = Long.MIN_VALUE;

        Reader(Ends ends) {
            this.ends = ends;
        }

        @Override
        public void start() {}

        @Override
        public void addSplits(List<Whole> splits) {
            Whole kept = splits.get(0);
            // What another run had read is none of this one's.
            next = kept.run() == ends.run() ? kept : new Whole(ends.run(), 0, 0);
            if (!ends.areHere()) {
                intake = new Intake();
                wire = new Wire.ToSource(ends.port(), next.piece(), intake);
            }
            assigned.complete(null);
        }

        @Override
        public InputStatus pollNext(ReaderOutput<Tuple4<Long, Long, Long, Long>> output) throws IOException {
            if (next == null) {
                return InputStatus.NOTHING_AVAILABLE;
            }
            if (wire != null) {
                wire.check();
            }
            if (piece == null) {
                piece = intake.poll();
                if (piece == null) {
                    return InputStatus.NOTHING_AVAILABLE;
                }
                if (piece.pings() != null && next.done() > 0) {
                    piece.pings().position(piece.pings().position() + next.done() * DedupFlow.PING);
                }
            }
            ByteBuffer pings = piece.pings();
            if (pings == null) {
                watermark = piece.time();
                output.emitWatermark(new Watermark(watermark));
            } else {
                emit(pings, output);
            }
            if (pings == null || !pings.hasRemaining()) {
                next = new Whole(ends.run(), piece.number() + 1, 0);
                piece = null;
            }
            return piece == null && intake.isEmpty() ? InputStatus.NOTHING_AVAILABLE : InputStatus.MORE_AVAILABLE;
        }

        private void emit(ByteBuffer pings, ReaderOutput<Tuple4<Long, Long, Long, Long>> output) {
            // What comes at the time of the last marker comes behind it all the same.
            long rowTime = Math.max(piece.time(), watermark + 1);
            int count = 0;
            for (; count < AT_ONCE && pings.hasRemaining(); count++) {
                long half = pings.getLong();
                long other = pings.getLong();
                pings.position(pings.position() + 16);
                output.collect(Tuple4.of(half, other, piece.time(), pings.getLong()), rowTime);
            }
            next = new Whole(ends.run(), piece.number(), next.done() + count);
        }

        @Override
        public CompletableFuture<Void> isAvailable() {
            if (next == null) {
                return assigned;
            }
            return piece != null ? CompletableFuture.completedFuture(null) : intake.available();
        }

        @Override
        public List<Whole> snapshotState(long checkpoint) {
            if (wire != null && next != null) {
                wire.read(checkpoint, next.piece());
            }
            return next == null ? List.of() : List.of(next);
        }

        @Override
        public void notifyCheckpointComplete(long checkpoint) throws IOException {
            if (wire != null) {
                wire.complete(checkpoint);
            }
        }

        @Override
        public void notifyNoMoreSplits() {}

        @Override
        public void close() throws IOException {
            if (wire != null) {
                wire.close();
            }
        }
    }

    private static final class Enumerator implements SplitEnumerator<Whole, Boolean> {
        private final SplitEnumeratorContext<Whole> context;
        private Whole whole;
        private boolean given;

        Enumerator(SplitEnumeratorContext<Whole> context, Whole whole, boolean given) {
            this.context = context;
            this.whole = whole;
            this.given = given;
        }

        @Override
        public void start() {}

        @Override
        public void handleSplitRequest(int reader, String host) {}

        @Override
        public void addSplitsBack(List<Whole> splits, int reader) {
            if (!splits.isEmpty()) {
                whole = splits.get(0);
                given = false;
            }
        }

        @Override
        public void addReader(int reader) {
            if (!given) {
                context.assignSplit(whole, reader);
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

    /** Of what is a few numbers. */
    private record InLongs<T>(int count, Function<T, long[]> to, Function<long[], T> from) implements SimpleVersionedSerializer<T> {
        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(T value) {
            ByteBuffer bytes = ByteBuffer.allocate(8 * count);
            bytes.asLongBuffer().put(to.apply(value));
            return bytes.array();
        }

        @Override
        public T deserialize(int version, byte[] bytes) {
            long[] numbers = new long[count];
            ByteBuffer.wrap(bytes).asLongBuffer().get(numbers);
            return from.apply(numbers);
        }
    }
}
