import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.CountDownLatch;

/**
 * Where the ends of a job in task managers come to (`Wire`). Pieces are kept until a checkpoint has what came of them, as a broker
 * keeps them: a source that comes again is told from where it left.
 */
final class Front {
    private final ServerSocket listening = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    private final ArrayDeque<Intake.Piece> kept = new ArrayDeque<>();
    private final CountDownLatch isFound = new CountDownLatch(1);
    private long next;
    private Outlet outlet;

    Front() throws IOException {}

    int port() {
        return listening.getLocalPort();
    }

    void open(Outlet outlet) {
        this.outlet = outlet;
        inBackground(() -> {
            while (true) {
                Socket socket = listening.accept();
                socket.setTcpNoDelay(true);
                inBackground(() -> served(socket));
            }
        });
    }

    /** Waits until a source has come. */
    void awaitSource() throws InterruptedException {
        isFound.await();
    }

    synchronized void put(Intake.Piece piece) {
        kept.add(piece);
        next = piece.number() + 1;
        notifyAll();
    }

    private void served(Socket socket) throws Exception {
        try (socket) {
            DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
            switch (in.readByte()) {
                case Wire.SOURCE -> {
                    long from = in.readLong();
                    inBackground(() -> tell(from, socket));
                    while (true) {
                        forget(in.readLong());
                    }
                }
                case Wire.SINK -> {
                    while (true) {
                        hear(in);
                    }
                }
                default -> throw new IOException("neither a source nor a sink");
            }
        }
    }

    private void tell(long from, Socket socket) throws Exception {
        isFound.countDown();
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
        for (long number = from; !socket.isClosed(); number++) {
            Intake.Piece piece = piece(number);
            out.writeLong(piece.number());
            out.writeLong(piece.time());
            if (piece.pings() == null) {
                out.writeInt(0);
                out.flush();
            } else {
                ByteBuffer pings = piece.pings().duplicate();
                out.writeInt(pings.remaining());
                out.write(pings.array(), pings.arrayOffset() + pings.position(), pings.remaining());
            }
        }
    }

    /** This piece, once it is there. */
    private synchronized Intake.Piece piece(long number) throws InterruptedException {
        while (number >= next) {
            wait();
        }
        long first = kept.peekFirst().number();
        if (number < first) {
            throw new IllegalStateException("piece " + number + " is gone, the first is " + first);
        }
        return kept.stream().skip(number - first).findFirst().orElseThrow();
    }

    private synchronized void forget(long before) {
        // One stays, by which the others are found.
        while (kept.size() > 1 && kept.peekFirst().number() < before) {
            kept.removeFirst();
        }
    }

    private void hear(DataInputStream in) throws IOException {
        int what = in.readByte();
        long[] numbers = new long[in.readInt()];
        ByteBuffer.wrap(in.readNBytes(8 * numbers.length)).asLongBuffer().get(numbers);
        switch (what) {
            case Wire.PASSED -> outlet.passed(numbers, numbers.length);
            case Wire.REACHED -> outlet.reached(numbers[0]);
            case Wire.COMMIT -> outlet.commit(new Outlet.Transaction(
                    numbers[0], numbers[1], java.util.Arrays.copyOfRange(numbers, 2, numbers.length)));
            default -> throw new IOException("a sink says " + what);
        }
    }

    /** What is done until it fails. A task manager that is gone is no error here. */
    interface Step {
        void run() throws Exception;
    }

    static void inBackground(Step step) {
        Thread thread = new Thread(() -> {
            try {
                step.run();
            } catch (IOException | InterruptedException gone) {
                // Its other end comes again, or the process ends.
            } catch (Exception why) {
                why.printStackTrace();
                Runtime.getRuntime().halt(3);
            }
        });
        thread.setDaemon(true);
        thread.start();
    }
}
