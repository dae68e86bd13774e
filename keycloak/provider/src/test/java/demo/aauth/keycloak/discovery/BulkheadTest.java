package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.discovery.Bulkhead.Standing;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** A2, A3: what callers that have proven nothing can have this server wait for. */
@Timeout(20)
class BulkheadTest {

    private final Bulkhead bulkhead = new Bulkhead();
    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private final List<CompletableFuture<Void>> ended = new ArrayList<>();

    @AfterEach
    void stop() {
        mayEnd.countDown();
        bulkhead.close();
    }

    /** A fetch from a host that does not answer before it may. */
    private void start(Standing standing, String owner) {
        CompletableFuture<Void> end = new CompletableFuture<>();
        bulkhead.start(standing, owner, () -> {
            await();
            return () -> end.complete(null);
        });
        ended.add(end);
    }

    private void await() {
        try {
            mayEnd.await();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void refusesAFetchTooManyAtOnce() {
        for (int fetch = 0; fetch < 8; fetch++) {
            start(Standing.UNKNOWN, "owner" + fetch);
        }
        Refusal.expect(ErrorCode.DISCOVERY_BUSY, () -> start(Standing.UNKNOWN, "another"));
        mayEnd.countDown();
        ended.forEach(CompletableFuture::join);
        start(Standing.UNKNOWN, "another");
    }

    @Test
    void leavesPartiesThatAreKnownOrListedTheirOwnPlaces() {
        for (int fetch = 0; fetch < 8; fetch++) {
            start(Standing.UNKNOWN, "owner" + fetch);
        }
        for (Standing reserved : List.of(Standing.KNOWN, Standing.LISTED)) {
            for (int fetch = 0; fetch < 4; fetch++) {
                start(reserved, "owner" + fetch);
            }
            Refusal.expect(ErrorCode.DISCOVERY_BUSY, () -> start(reserved, "another"));
        }
        assertEquals(16, Bulkhead.fetches());
    }

    @Test
    void givesOneOwnerThreePlaces() {
        for (int fetch = 0; fetch < 3; fetch++) {
            start(Standing.UNKNOWN, "owner");
        }
        Refusal.expect(ErrorCode.DISCOVERY_BUSY, () -> start(Standing.UNKNOWN, "owner"));
        start(Standing.UNKNOWN, "another");
    }

    /** Each of them holds a worker of the server's. */
    @Test
    void lessThanASecondAndEightAtATimeIsWhatOthersWaitForAFetch() throws Exception {
        CompletableFuture<String> silent = new CompletableFuture<>();
        ExecutorService pool = Executors.newFixedThreadPool(40);
        try {
            long startedAt = System.nanoTime();
            List<Future<Long>> waits = new ArrayList<>();
            for (int caller = 0; caller < 40; caller++) {
                waits.add(pool.submit(() -> {
                    long since = System.nanoTime();
                    Refusal.expect(ErrorCode.DISCOVERY_BUSY, () -> bulkhead.join(Standing.UNKNOWN, silent));
                    return (System.nanoTime() - since) / 1_000_000;
                }));
            }
            int waited = 0;
            for (Future<Long> wait : waits) {
                waited += wait.get() > 200 ? 1 : 0;
            }
            assertTrue(waited <= Bulkhead.JOINING, waited + " waited");
            assertTrue((System.nanoTime() - startedAt) / 1_000_000 < 2_000);
        } finally {
            pool.shutdownNow();
        }
        assertEquals("there", bulkhead.join(Standing.UNKNOWN, CompletableFuture.completedFuture("there")));
    }

    @Test
    void whoHasStartedAFetchWaitsUntilTheDeadline() {
        Refusal.expect(ErrorCode.DISCOVERY_FAILED, () -> Bulkhead.await(new CompletableFuture<>(), System.nanoTime() + 50_000_000));
        Refusal.expect(ErrorCode.DISCOVERY_FAILED, () -> Bulkhead.await(new CompletableFuture<>(), System.nanoTime() - 1));
    }
}
