package demo.aauth.keycloak.discovery;

import org.apache.http.HttpEntity;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.client.methods.HttpGet;
import org.apache.http.impl.NoConnectionReuseStrategy;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClientBuilder;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Fetches documents from unknown parties: no redirects, cookies, retries, decompression or
 * connection reuse, and a deadline for the whole exchange, however slowly bytes arrive.
 */
public final class HttpDocumentTransport implements DocumentTransport, AutoCloseable {

    /** Wait for a connection if all are in use. */
    private static final int QUEUE_MS = 250;
    /** Limit per party, so that a slow one cannot occupy the connections that others need. */
    private static final int MAX_CONNECTIONS_TO_ONE = 3;

    private final int timeoutMs;
    private final CloseableHttpClient client;
    private final ScheduledExecutorService deadlines;

    /** @param development see {@link NetworkGuard} */
    public HttpDocumentTransport(boolean development) {
        this(development, TIMEOUT_MS);
    }

    /** @param timeoutMs timeout of one fetch */
    HttpDocumentTransport(boolean development, int timeoutMs) {
        this.timeoutMs = timeoutMs;
        RequestConfig limits = RequestConfig.custom()
                .setConnectionRequestTimeout(QUEUE_MS)
                .setConnectTimeout(timeoutMs)
                .setSocketTimeout(timeoutMs)
                .build();
        client = HttpClientBuilder.create()
                .setDefaultRequestConfig(limits)
                .setDnsResolver(new NetworkGuard(development))
                // Documents are cached, so a kept connection would only be a socket under the other
                // side's control.
                .setConnectionReuseStrategy(NoConnectionReuseStrategy.INSTANCE)
                .setMaxConnTotal(Bulkhead.fetches())
                .setMaxConnPerRoute(MAX_CONNECTIONS_TO_ONE)
                .setUserAgent("keycloak-aauth")
                .disableRedirectHandling()
                .disableCookieManagement()
                .disableAuthCaching()
                .disableAutomaticRetries()
                .disableContentCompression()
                .build();
        deadlines = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "aauth-discovery-deadlines");
            thread.setDaemon(true);
            return thread;
        });
    }

    @Override
    public Fetched fetch(URI uri) throws IOException {
        HttpGet request = new HttpGet(uri);
        request.setHeader("Accept", "application/json");
        // A peer that sends a byte every few seconds never triggers a socket timeout; the deadline
        // does.
        AtomicBoolean late = new AtomicBoolean();
        ScheduledFuture<?> deadline = deadlines.schedule(() -> {
            late.set(true);
            request.abort();
        }, timeoutMs, TimeUnit.MILLISECONDS);
        try (CloseableHttpResponse response = client.execute(request)) {
            return new Fetched(response.getStatusLine().getStatusCode(), read(request, response.getEntity()));
        } catch (IOException failure) {
            // The client's own exception then only reports a closed socket.
            throw late.get() ? new IOException("no answer within " + timeoutMs + " ms", failure) : failure;
        } finally {
            deadline.cancel(false);
        }
    }

    @Override
    public void close() {
        deadlines.shutdownNow();
        try {
            client.close();
        } catch (IOException ignored) {
            // The server is stopping: no caller is left.
        }
    }

    private static byte[] read(HttpGet request, HttpEntity entity) throws IOException {
        if (entity == null) {
            return new byte[0];
        }
        try (InputStream content = entity.getContent()) {
            byte[] body = content.readNBytes(MAX_BODY_BYTES + 1);
            if (body.length > MAX_BODY_BYTES) {
                // Otherwise closing the stream would read it to its end, to reuse the connection.
                request.abort();
                throw new IOException("more than " + MAX_BODY_BYTES + " bytes");
            }
            return body;
        }
    }
}
