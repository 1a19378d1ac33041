import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;

/** What the harness says, on its way to the source; what comes out of the sink, on its way to the harness. */
final class Feed implements DedupFlow.Flow, Outlet {
    private final DedupFlow harness;
    private final Told told;
    private final Pieces pieces;
    /** When markers came, by the clock that windows go by, and how many pings had passed then. */
    private final ArrayDeque<long[]> passed = new ArrayDeque<>();
    private long pieceNumber;
    private long now;
    /** Of the marker that is under way. */
    private long watermark = Long.MIN_VALUE;
    private long marker;
    private boolean isUnderWay;
    /** How many pings have passed. */
    private volatile long count;
    /** The last that was committed. Those of former processes are none of ours: their pings had other numbers. */
    private long committed = System.nanoTime();

    /** What takes pieces to the source. */
    interface Pieces {
        void put(Intake.Piece piece) throws Exception;
    }

    Feed(DedupFlow harness, Told told, Pieces pieces) {
        this.harness = harness;
        this.told = told;
        this.pieces = pieces;
    }

    @Override
    public void put(long now, ByteBuffer pings) throws Exception {
        if (!told.isOnWall()) {
            // Everything before has come through: a marker is waited for.
            TtlTimeProvider.Given.set(now);
        }
        pieces.put(new Intake.Piece(pieceNumber++, now, pings));
    }

    @Override
    public void marker(long now, long number) throws Exception {
        synchronized (this) {
            passed.add(new long[] {told.now(now), count});
            this.now = now;
            marker = number;
            watermark = Math.max(watermark + 1, now);
            isUnderWay = true;
        }
        pieces.put(new Intake.Piece(pieceNumber++, watermark, null));
    }

    /** Ids whose first ping passed within the window: Flink does not say how many keys it has. */
    @Override
    public synchronized long[] footprint() {
        long begins = told.now(now) - (long) (told.windowNs() / told.factor());
        while (passed.size() > 1 && passed.peek()[0] <= begins) {
            passed.poll();
        }
        long before = passed.isEmpty() ? 0 : passed.peek()[1];
        long ids = told.how().equals("none") ? 0 : count - before;
        return new long[] {ids, Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory()};
    }

    @Override
    public synchronized void passed(long[] numbers, int filled) throws IOException {
        harness.passed(numbers, filled);
        count += filled;
    }

    /** A job that goes on from a checkpoint comes by older ones again. */
    @Override
    public synchronized void reached(long seen) throws IOException {
        if (isUnderWay && seen == watermark) {
            isUnderWay = false;
            harness.passedMarker(marker);
        }
    }

    @Override
    public synchronized void commit(Transaction transaction) throws IOException {
        if (transaction.number() > committed) {
            committed = transaction.number();
            passed(transaction.numbers(), transaction.numbers().length);
            reached(transaction.watermark());
        }
    }
}
