import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A deduplication system in Java, for dedup-harness: the shape judge of docs/PROTOCOL.md in binary. Nothing but the standard
 * library. Copy it beside your own file; it has standard input and output for itself.
 */
public final class DedupSystem {
    public static final byte NEW = 0, DUPLICATE = 1, HELD = 2, IN_FLIGHT = 3, LATE = 4, UNJUDGED = 5;
    /** `now` where the input has ended. */
    public static final long END = -1;

    /** A copy of a ping: its key as two numbers, and nanoseconds since 1970. */
    public record Ping(long high, long low, long eventTime, long arrival, long delivery) {}

    /** How a ping ended that was let through. */
    public record Settled(long high, long low, long delivery, boolean failed) {}

    private final DataInputStream in = new DataInputStream(new BufferedInputStream(new FileInputStream(FileDescriptor.in), 1 << 16));
    private final OutputStream out = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16);
    private final String hello;

    /** What a system is asked. An exception is the answer `failed`. */
    public interface Judge {
        /** A verdict for each ping, in order. */
        byte[] judge(Ping[] pings, long now) throws Exception;

        /** How pings ended. */
        default void settle(Settled[] settled, long now) throws Exception {}

        /** The deliveries that were held and are released; about once a second of the run. */
        default long[] advance(long now) throws Exception {
            return new long[0];
        }

        /** Ids, bytes. */
        long[] footprint() throws Exception;
    }

    /** Reads the greeting. What libraries print goes to the standard error from now on. */
    public DedupSystem() throws IOException {
        System.setOut(System.err);
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            line.append((char) next);
        }
        hello = line.toString();
    }

    /** A field or setting of the greeting, as it stands there, without quotation marks. */
    public String told(String name) {
        Matcher found = Pattern.compile('"' + name + "\":\"?([^\",}]*)").matcher(hello);
        if (!found.find()) {
            throw new IllegalArgumentException("the greeting has no " + name + ": " + hello);
        }
        return found.group(1);
    }

    /** Says welcome, and answers until the input ends. */
    public void serve(String system, Judge judge) throws IOException {
        line("{\"dedup-protocol\":1,\"frames\":\"binary\",\"calls\":{\"settle\":true,\"advance\":true,\"footprint\":true},"
            + "\"system\":\"" + system + "\"}");
        byte[] header = new byte[8];
        while (true) {
            try {
                in.readFully(header);
            } catch (EOFException ended) {
                return;
            }
            byte[] bytes = new byte[ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt()];
            in.readFully(bytes);
            try {
                answer(judge, (char) header[4], ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
            } catch (Exception error) {
                send('e', ByteBuffer.wrap(error.toString().getBytes(StandardCharsets.UTF_8)));
            }
        }
    }

    /** Says why there is no welcome. */
    public void refuse(Throwable why) throws IOException {
        line("{\"failed\":\"" + why.toString().replaceAll("[\\\\\"\\p{Cntrl}]", " ") + "\"}");
    }

    private void answer(Judge judge, char kind, ByteBuffer body) throws Exception {
        switch (kind) {
            case 'J' -> {
                long now = body.getLong();
                Ping[] pings = new Ping[body.remaining() / 40];
                for (int at = 0; at < pings.length; at++) {
                    pings[at] = new Ping(body.getLong(), body.getLong(), body.getLong(), body.getLong(), body.getLong());
                }
                byte[] verdicts = judge.judge(pings, now);
                send('v', numbers(4 + verdicts.length).putInt(verdicts.length).put(verdicts).flip());
            }
            case 'S' -> {
                long now = body.getLong();
                Settled[] settled = new Settled[body.remaining() / 32];
                for (int at = 0; at < settled.length; at++) {
                    settled[at] = new Settled(body.getLong(), body.getLong(), body.getLong(), body.getLong() == 1);
                }
                judge.settle(settled, now);
                send('d', numbers(0));
            }
            case 'A' -> send('r', numbers(judge.advance(body.getLong())));
            case 'F' -> send('f', numbers(judge.footprint()));
            default -> throw new IOException("an unknown request " + kind);
        }
    }

    private static ByteBuffer numbers(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer numbers(long[] all) {
        ByteBuffer frame = numbers(8 * all.length);
        for (long one : all) {
            frame.putLong(one);
        }
        return frame.flip();
    }

    private void line(String text) throws IOException {
        out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private void send(char kind, ByteBuffer body) throws IOException {
        out.write(numbers(8).putInt(body.remaining()).putInt(kind).array());
        out.write(body.array(), 0, body.remaining());
        out.flush();
    }
}
