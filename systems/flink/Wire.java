import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;

/**
 * Between a job whose ends are in a task manager and the process that speaks with the harness, which listens (`Front`). A connection
 * begins with a letter. A source says from which piece on it wants them, and later up to which none is needed any more.
 */
final class Wire {
    static final int SOURCE = 'S';
    static final int SINK = 'K';
    /** What a sink says. */
    static final int PASSED = 'p';
    static final int REACHED = 'w';
    static final int COMMIT = 'c';

    private Wire() {}

    private static Socket connected(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        return socket;
    }

    /** Brings pieces into an intake. */
    static final class ToSource {
        private final Socket socket;
        private final DataOutputStream out;
        private final TreeMap<Long, Long> read = new TreeMap<>();
        private volatile IOException failed;

        ToSource(int port, long from, Intake intake) {
            try {
                socket = connected(port);
                out = new DataOutputStream(socket.getOutputStream());
                out.writeByte(SOURCE);
                out.writeLong(from);
                DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
                Thread thread = new Thread(() -> bring(in, intake), "pings");
                thread.setDaemon(true);
                thread.start();
            } catch (IOException why) {
                throw new java.io.UncheckedIOException(why);
            }
        }

        private void bring(DataInputStream in, Intake intake) {
            try {
                while (true) {
                    long number = in.readLong();
                    long time = in.readLong();
                    int length = in.readInt();
                    ByteBuffer pings = null;
                    if (length > 0) {
                        pings = ByteBuffer.wrap(in.readNBytes(length)).order(ByteOrder.LITTLE_ENDIAN);
                    }
                    intake.put(new Intake.Piece(number, time, pings));
                }
            } catch (IOException why) {
                failed = why;
            } catch (InterruptedException why) {
                Thread.currentThread().interrupt();
            }
        }

        void check() throws IOException {
            if (failed != null) {
                throw failed;
            }
        }

        /** A checkpoint goes on from this piece. */
        void read(long checkpoint, long piece) {
            read.put(checkpoint, piece);
        }

        /** What came before that is not asked for again. */
        void complete(long checkpoint) throws IOException {
            Map.Entry<Long, Long> last = read.floorEntry(checkpoint);
            if (last != null) {
                out.writeLong(last.getValue());
                read.headMap(checkpoint, true).clear();
            }
        }

        void close() throws IOException {
            socket.close();
        }
    }

    /** Takes what passes to the process that speaks with the harness. What is said last is said as a whole or not at all. */
    static final class ToOutlet implements Outlet {
        private final Socket socket;
        private final DataOutputStream out;

        ToOutlet(int port) throws IOException {
            socket = connected(port);
            out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
            out.writeByte(SINK);
            out.flush();
        }

        @Override
        public void passed(long[] numbers, int count) throws IOException {
            if (count > 0) {
                say(PASSED, numbers, count);
            }
        }

        @Override
        public void reached(long watermark) throws IOException {
            say(REACHED, new long[] {watermark}, 1);
        }

        @Override
        public void commit(Outlet.Transaction transaction) throws IOException {
            int count = transaction.numbers().length;
            long[] all = new long[2 + count];
            all[0] = transaction.number();
            all[1] = transaction.watermark();
            System.arraycopy(transaction.numbers(), 0, all, 2, count);
            say(COMMIT, all, all.length);
        }

        private void say(int what, long[] numbers, int count) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(8 * count);
            bytes.asLongBuffer().put(numbers, 0, count);
            out.writeByte(what);
            out.writeInt(count);
            out.write(bytes.array());
            out.flush();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
