package demo.aauth.keycloak.discovery;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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

    private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
