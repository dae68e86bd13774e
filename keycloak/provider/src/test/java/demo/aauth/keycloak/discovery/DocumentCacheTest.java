package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class DocumentCacheTest {

    private long now = 1_000;
    private final AtomicInteger loads = new AtomicInteger();
    private final Bulkhead bulkhead = new Bulkhead();
    private final DocumentCache<Integer> cache = new DocumentCache<>(bulkhead, () -> now);

    @AfterEach
    void stop() {
        bulkhead.close();
    }

    private static DocumentCache.Lookup of(String host) {
        return new DocumentCache.Lookup("https://" + host, false, System.nanoTime() + TimeUnit.SECONDS.toNanos(10));
    }

    private DocumentCache.Cached<Integer> get() {
        return cache.get("key", of("a.example"), loads::incrementAndGet);
    }

    private DocumentCache.Cached<Integer> reload() {
        return cache.reload("key", of("a.example"), loads::incrementAndGet);
    }

    @Test
    void keepsAValueForFiveMinutes() {
        assertFalse(get().fromCache());
        now += 299;
        assertTrue(get().fromCache());
        now += 1;
        assertEquals(2, get().value());
    }

    @Test
    void reloadsThreeTimesAtOnceThenOnceInTenSeconds() {
        get();
        for (int value = 2; value <= 4; value++) {
            assertEquals(new DocumentCache.Cached<>(value, false), reload());
        }
        assertEquals(new DocumentCache.Cached<>(4, true), reload());
        now += 9;
        assertTrue(reload().fromCache());
        now += 1;
        assertEquals(new DocumentCache.Cached<>(5, false), reload());
        assertTrue(reload().fromCache());
        now += 299;
        for (int value = 6; value <= 8; value++) {
            assertEquals(new DocumentCache.Cached<>(value, false), reload());
        }
        assertTrue(reload().fromCache());
    }

    @Test
    void remembersAFailureForAMoment() {
        for (int attempt = 0; attempt < 3; attempt++) {
            Refusal.expect(ErrorCode.DISCOVERY_FAILED, () -> cache.get("key", of("a.example"), () -> {
                loads.incrementAndGet();
                throw new AAuthException(ErrorCode.DISCOVERY_FAILED, "down");
            }));
        }
        assertEquals(1, loads.get());
        now += 1;
        assertEquals(2, get().value());
    }

    @Test
    void keepsTheOldValueWhenAReloadFails() {
        get();
        Refusal.expect(ErrorCode.DISCOVERY_FAILED, () -> cache.reload("key", of("a.example"), () -> {
            throw new AAuthException(ErrorCode.DISCOVERY_FAILED, "down");
        }));
        assertEquals(1, get().value());
    }

    /**
     * Otherwise requests in the name of an agent that is just starting could lock it out for a
     * while.
     */
    @Test
    void aReloadThatFailsLeavesTheBurst() {
        get();
        for (int second = 0; second < 5; second++) {
            for (int attempt = 0; attempt < 3; attempt++) {
                Refusal.expect(ErrorCode.DISCOVERY_FAILED, () -> cache.reload("key", of("a.example"), () -> {
                    loads.incrementAndGet();
                    throw new AAuthException(ErrorCode.DISCOVERY_FAILED, "down");
                }));
            }
            // One in a second, or every request that names an unknown key of a party in trouble
            // would be a fetch.
            assertEquals(2 + second, loads.get());
            now += DocumentCache.FAILURE_SECONDS;
        }
        for (int reload = 0; reload < DocumentCache.RELOAD_BURST; reload++) {
            assertFalse(reload().fromCache());
        }
        assertTrue(reload().fromCache());
    }

    @Test
    void aReloadWithoutRoomLeavesTheBurst() throws Exception {
        get();
        CountDownLatch mayEnd = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(Bulkhead.FETCHES_OF_ONE_OWNER);
        try {
            List<Future<?>> others = new ArrayList<>();
            CountDownLatch started = new CountDownLatch(Bulkhead.FETCHES_OF_ONE_OWNER);
            for (int index = 0; index < Bulkhead.FETCHES_OF_ONE_OWNER; index++) {
                // The value is there already, as that of "key" is: so both are in one lane.
                String key = "other " + index;
                cache.get(key, of("a.example"), loads::incrementAndGet);
                others.add(pool.submit(() -> cache.reload(key, of("a.example"), () -> {
                    started.countDown();
                    await(mayEnd);
                    return 0;
                })));
            }
            started.await();
            for (int attempt = 0; attempt < 5; attempt++) {
                Refusal.expect(ErrorCode.DISCOVERY_BUSY, this::reload);
            }
            mayEnd.countDown();
            for (Future<?> other : others) {
                other.get();
            }
            for (int reload = 0; reload < DocumentCache.RELOAD_BURST; reload++) {
                assertFalse(reload().fromCache());
            }
        } finally {
            mayEnd.countDown();
            pool.shutdownNow();
        }
    }

    /** An error of this server says nothing about the party, so it is not cached. */
    @Test
    void anErrorOfOurOwnIsNotRemembered() {
        assertThrows(IllegalStateException.class, () -> cache.get("key", of("a.example"), () -> {
            throw new IllegalStateException("a fault");
        }));
        assertEquals(1, get().value());
    }

    /** A9: an owner has as many hosts as it likes. */
    @Test
    void beyondItsQuotaAnOwnerLosesWhatItUsedLongestAgo() {
        for (int index = 0; index <= DocumentCache.MAX_ENTRIES_OF_ONE; index++) {
            cache.get("key " + index, of("host" + index + ".a.example"), loads::incrementAndGet);
        }
        assertTrue(cache.get("key 1", of("a.example"), loads::incrementAndGet).fromCache());
        assertFalse(cache.get("key 0", of("a.example"), loads::incrementAndGet).fromCache());
    }

    /** A9: so a full cache is one that a newcomer waits for, not one that it empties. */
    @Test
    void noOwnerPushesOutWhatIsAnothers() {
        int owners = DocumentCache.MAX_ENTRIES / DocumentCache.MAX_ENTRIES_OF_ONE;
        for (int index = 0; index < DocumentCache.MAX_ENTRIES; index++) {
            cache.get("key " + index, of("owner" + index % owners + ".example"), loads::incrementAndGet);
        }
        for (int attempt = 0; attempt < 2; attempt++) {
            assertFalse(cache.get("new", of("newcomer.example"), loads::incrementAndGet).fromCache());
        }
        for (int index = 0; index < DocumentCache.MAX_ENTRIES; index++) {
            assertTrue(cache.get("key " + index, of("owner" + index % owners + ".example"), loads::incrementAndGet).fromCache());
        }
        now += DocumentCache.CACHE_SECONDS;
        cache.get("new", of("newcomer.example"), loads::incrementAndGet);
        assertTrue(cache.get("new", of("newcomer.example"), loads::incrementAndGet).fromCache());
    }

    @Test
    void holdsSoManyBytesOfAnOwnerAndForgetsWhatWasUsedLongestAgo() {
        DocumentCache<String> texts = new DocumentCache<>(bulkhead, () -> now);
        // Two bytes each, with the key a sixteenth of all.
        String long16th = "é".repeat(DocumentCache.MAX_BYTES_OF_ONE / 32 - 1);
        for (int index = 0; index < 16; index++) {
            texts.get(String.format("%02d", index), of("a.example"), () -> long16th);
        }
        assertTrue(texts.get("00", of("a.example"), () -> "").fromCache());
        texts.get("16", of("a.example"), () -> "one more");
        assertTrue(texts.get("00", of("a.example"), () -> "").fromCache());
        assertFalse(texts.get("01", of("a.example"), () -> "").fromCache());
        assertTrue(texts.get("02", of("a.example"), () -> "").fromCache());
    }

    @Test
    void holdsSoManyBytesInAll() {
        DocumentCache<String> texts = new DocumentCache<>(bulkhead, () -> now);
        String eighth = "x".repeat(DocumentCache.MAX_BYTES_OF_ONE - 1);
        for (int index = 0; index < 8; index++) {
            texts.get(String.valueOf(index), of("owner" + index + ".example"), () -> eighth);
        }
        texts.get("8", of("newcomer.example"), () -> "one more");
        assertFalse(texts.get("8", of("newcomer.example"), () -> "one more").fromCache());
        assertTrue(texts.get("0", of("owner0.example"), () -> "").fromCache());
    }

    @Test
    void countsAValueThatIsReplacedOnce() {
        DocumentCache<String> texts = new DocumentCache<>(bulkhead, () -> now);
        texts.get("first", of("a.example"), () -> "small");
        for (int reload = 0; reload < 10; reload++) {
            now += DocumentCache.RELOAD_COOLDOWN_SECONDS;
            assertFalse(texts.reload("large", of("a.example"), () -> "x".repeat(DocumentCache.MAX_BYTES_OF_ONE / 4)).fromCache());
        }
        assertTrue(texts.get("first", of("a.example"), () -> "").fromCache());
    }

    @Test
    void whatIsTooLargeIsGivenButNotKept() {
        DocumentCache<String> texts = new DocumentCache<>(bulkhead, () -> now);
        String tooLarge = "x".repeat(DocumentCache.MAX_BYTES_OF_ONE);
        assertEquals(tooLarge, texts.get("key", of("a.example"), () -> tooLarge).value());
        assertFalse(texts.get("key", of("a.example"), () -> tooLarge).fromCache());
    }

    @Test
    void sharesOneLoadAmongThoseWhoWaitForIt() throws Exception {
        int callers = 8;
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(callers);
        try {
            Callable<Integer> call = () -> cache.get("key", of("a.example"), () -> {
                started.countDown();
                await(mayEnd);
                return loads.incrementAndGet();
            }).value();
            List<Future<Integer>> answers = new ArrayList<>();
            answers.add(pool.submit(call));
            started.await();
            for (int index = 1; index < callers; index++) {
                answers.add(pool.submit(call));
            }
            mayEnd.countDown();
            for (Future<Integer> answer : answers) {
                assertEquals(1, answer.get());
            }
        } finally {
            pool.shutdownNow();
        }
    }

    /**
     * While an agent's key is replaced, several requests signed with the new one arrive: all of
     * them wait for it.
     */
    @Test
    void givesTheNewValueToAllWhoAskWhileItIsOnTheWire() throws Exception {
        get();
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(2);
        try {
            Future<Integer> first = pool.submit(() -> cache.reload("key", of("a.example"), () -> {
                started.countDown();
                await(mayEnd);
                return loads.incrementAndGet();
            }).value());
            started.await();
            Future<DocumentCache.Cached<Integer>> second = pool.submit(this::reload);
            assertThrows(TimeoutException.class, () -> second.get(100, TimeUnit.MILLISECONDS));
            // A caller that accepts the old value gets it at once.
            assertEquals(1, get().value());
            mayEnd.countDown();
            assertEquals(2, first.get());
            assertEquals(new DocumentCache.Cached<>(2, false), second.get());
            assertEquals(2, loads.get());
        } finally {
            mayEnd.countDown();
            pool.shutdownNow();
        }
    }

    /** Otherwise each of them would block a worker every five minutes. */
    @Test
    void givesTheOldValueWhileAnotherCallerRenewsIt() throws Exception {
        get();
        now += DocumentCache.CACHE_SECONDS;
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        ExecutorService pool = Executors.newSingleThreadExecutor();
        try {
            Future<Integer> first = pool.submit(() -> cache.get("key", of("a.example"), () -> {
                started.countDown();
                await(mayEnd);
                return loads.incrementAndGet();
            }).value());
            started.await();
            assertEquals(new DocumentCache.Cached<>(1, true), get());
            now += DocumentCache.RENEWAL_SECONDS;
            Refusal.expect(ErrorCode.DISCOVERY_BUSY, this::get);
            mayEnd.countDown();
            assertEquals(2, first.get());
            assertEquals(2, get().value());
        } finally {
            mayEnd.countDown();
            pool.shutdownNow();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }
}
