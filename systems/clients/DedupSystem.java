import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
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

    /** Which calls beside `judge` there is something to do in. */
    public record Hears(boolean settle, boolean advance) {}

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

        /** What it is asked: what its class has of its own, as each call is a way there and back. Say less where settings ask for less. */
        default Hears hears() {
            return new Hears(has("settle", Settled[].class, long.class), has("advance", long.class));
        }

        private boolean has(String name, Class<?>... arguments) {
            try {
                return getClass().getMethod(name, arguments).getDeclaringClass() != Judge.class;
            } catch (NoSuchMethodException impossible) {
                throw new AssertionError(impossible);
            }
        }
    }

    /** Reads the greeting. What libraries print goes to the standard error from now on. */
    public DedupSystem() throws IOException {
        System.setOut(System.err);
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            line.write(next);
        }
        hello = line.toString(StandardCharsets.UTF_8);
    }

    /** A setting, or else a field, of the greeting: a text without its quotation marks and escapes, a number as it stands there. */
    public String told(String name) {
        String value = "\"((?:[^\"\\\\]|\\\\.)*)\"|([^\",}]+)";
        Matcher found = Pattern.compile(Pattern.quote('"' + name + "\":") + "(?:" + value + ")").matcher(hello);
        if (!found.find(Math.max(hello.indexOf("\"settings\":{"), 0)) && !found.find(0)) {
            throw new IllegalArgumentException("the greeting has no " + name + ": " + hello);
        }
        return found.group(1) == null ? found.group(2) : plain(found.group(1));
    }

    /** A text of JSON without its escapes. */
    private static String plain(String text) {
        return Pattern.compile("\\\\(u([0-9a-f]{4})|.)").matcher(text).replaceAll(escape -> Matcher.quoteReplacement(
            escape.group(2) != null ? "" + (char) Integer.parseInt(escape.group(2), 16) : switch (escape.group(1)) {
                case "n" -> "\n";
                case "r" -> "\r";
                case "t" -> "\t";
                case "b" -> "\b";
                case "f" -> "\f";
                default -> escape.group(1);
            }));
    }

    /** Without what JSON would have to escape. */
    private static String tame(String text) {
        return text.replaceAll("[\\\\\"\\p{Cntrl}]", " ");
    }

    /** Says welcome, and answers until the input ends. */
    public void serve(String system, Judge judge) throws IOException {
        Hears hears = judge.hears();
        line("{\"dedup-protocol\":1,\"frames\":\"binary\",\"calls\":{\"settle\":" + hears.settle() + ",\"advance\":" + hears.advance()
            + ",\"footprint\":true},\"system\":\"" + tame(system) + "\"}");
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
        line("{\"failed\":\"" + tame(why.toString()) + "\"}");
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
