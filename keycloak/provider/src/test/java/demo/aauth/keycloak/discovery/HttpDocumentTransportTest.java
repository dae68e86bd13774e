package demo.aauth.keycloak.discovery;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

/** Over real connections on loopback. */
class HttpDocumentTransportTest {

    private HttpServer server;
    private final HttpDocumentTransport transport = new HttpDocumentTransport(true);

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/document", exchange -> answer(exchange, 200, "{}".getBytes(StandardCharsets.UTF_8)));
        server.createContext("/moved", exchange -> {
            exchange.getResponseHeaders().set("Location", "/document");
            answer(exchange, 302, new byte[0]);
        });
        server.createContext("/long", exchange -> answer(exchange, 200, new byte[DocumentTransport.MAX_BODY_BYTES + 1]));
        server.start();
    }

    @AfterEach
    void stop() {
        transport.close();
        server.stop(0);
    }

    private URI at(String host, String path) {
        return URI.create("http://" + host + ":" + server.getAddress().getPort() + path);
    }

    @Test
    void fetchesFromLocalhostNames() throws IOException {
        DocumentTransport.Fetched fetched = transport.fetch(at("agent.localhost", "/document"));
        assertEquals(200, fetched.status());
        assertArrayEquals("{}".getBytes(StandardCharsets.UTF_8), fetched.body());
    }

    @Test
    void fetchesFromNamesThatJavaDoesNotHoldForHosts() throws IOException {
        assertEquals(200, transport.fetch(at("supply_chain.localhost", "/document")).status());
    }

    @Test
    void followsNoRedirect() throws IOException {
        assertEquals(302, transport.fetch(at("127.0.0.1", "/moved")).status());
    }

    @Test
    void readsNoLongBodies() {
        assertThrows(IOException.class, () -> transport.fetch(at("127.0.0.1", "/long")));
    }

    @Test
    void connectsToNothingPrivateOutsideDevelopment() {
        try (HttpDocumentTransport strict = new HttpDocumentTransport(false)) {
            Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> strict.fetch(at("127.0.0.1", "/document")));
            Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> strict.fetch(at("localhost", "/document")));
        }
    }

    /** Each byte keeps the socket's own limit content. */
    @Test
    void endsAFetchThatTakesTooLong() throws Exception {
        server.createContext("/slow", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try (OutputStream body = exchange.getResponseBody()) {
                for (int sent = 0; sent < 200; sent++) {
                    body.write(' ');
                    body.flush();
                    Thread.sleep(20);
                }
            } catch (InterruptedException | IOException gone) {
                exchange.close();
            }
        });
        try (HttpDocumentTransport impatient = new HttpDocumentTransport(true, 300)) {
            IOException late = assertTimeoutPreemptively(Duration.ofSeconds(3),
                    () -> assertThrows(IOException.class, () -> impatient.fetch(at("127.0.0.1", "/slow"))));
            assertEquals("no answer within 300 ms", late.getMessage());
        }
    }

    /** A document that is small on the wire could be large in memory. */
    @Test
    void unpacksNothing() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write("{}".getBytes(StandardCharsets.UTF_8));
        }
        List<String> accepted = new CopyOnWriteArrayList<>();
        server.createContext("/packed", exchange -> {
            accepted.add(String.valueOf(exchange.getRequestHeaders().getFirst("Accept-Encoding")));
            exchange.getResponseHeaders().set("Content-Encoding", "gzip");
            answer(exchange, 200, packed.toByteArray());
        });
        assertArrayEquals(packed.toByteArray(), transport.fetch(at("127.0.0.1", "/packed")).body());
        assertEquals(List.of("null"), accepted);
    }

    /** A2: the party that a caller names would decide how long a kept connection stays open. */
    @Test
    void keepsNoConnection() throws IOException {
        List<InetSocketAddress> clients = new CopyOnWriteArrayList<>();
        server.createContext("/kept", exchange -> {
            clients.add(exchange.getRemoteAddress());
            exchange.getResponseHeaders().set("Connection", "keep-alive");
            exchange.getResponseHeaders().set("Keep-Alive", "timeout=3600");
            answer(exchange, 200, new byte[] {'{', '}'});
        });
        transport.fetch(at("127.0.0.1", "/kept"));
        transport.fetch(at("127.0.0.1", "/kept"));
        assertEquals(2, Set.copyOf(clients).size());
    }

    /** No party learns from another fetch that it was us who asked before. */
    @Test
    void keepsNoCookies() throws IOException {
        List<String> cookies = new CopyOnWriteArrayList<>();
        server.createContext("/cookie", exchange -> {
            cookies.add(String.valueOf(exchange.getRequestHeaders().getFirst("Cookie")));
            exchange.getResponseHeaders().set("Set-Cookie", "seen=before; Path=/");
            answer(exchange, 200, new byte[] {'{', '}'});
        });
        transport.fetch(at("127.0.0.1", "/cookie"));
        transport.fetch(at("127.0.0.1", "/cookie"));
        assertEquals(List.of("null", "null"), cookies);
    }

    @Test
    void asksOnePartyAFewThingsAtATimeOnly() throws Exception {
        ExecutorService handlers = Executors.newCachedThreadPool();
        server.stop(0);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(handlers);
        AtomicInteger under = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        server.createContext("/", exchange -> {
            most.accumulateAndGet(under.incrementAndGet(), Math::max);
            try {
                Thread.sleep(50);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            under.decrementAndGet();
            answer(exchange, 200, new byte[] {'{', '}'});
        });
        server.start();
        ExecutorService callers = Executors.newFixedThreadPool(6);
        try {
            List<Callable<Integer>> calls = Collections.nCopies(6, () -> transport.fetch(at("127.0.0.1", "/")).status());
            for (Future<Integer> status : callers.invokeAll(calls)) {
                assertEquals(200, status.get());
            }
            assertEquals(3, most.get());
        } finally {
            callers.shutdownNow();
            handlers.shutdownNow();
        }
    }

    private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
