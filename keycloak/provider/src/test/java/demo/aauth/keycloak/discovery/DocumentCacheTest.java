package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
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
    private final DocumentCache<Integer> cache = new DocumentCache<>(() -> now);

    private DocumentCache.Cached<Integer> get() {
        return cache.get("key", loads::incrementAndGet);
    }

    private DocumentCache.Cached<Integer> reload() {
        return cache.reload("key", loads::incrementAndGet);
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
    void reloadsAtMostOnceInTenSeconds() {
        get();
        assertEquals(2, reload().value());
        now += 9;
        assertTrue(reload().fromCache());
        now += 1;
        assertEquals(3, reload().value());
    }

    @Test
    void remembersAFailureForAMoment() {
        for (int attempt = 0; attempt < 3; attempt++) {
            Refusal.expect(ErrorCode.DISCOVERY_FAILED, () -> cache.get("key", () -> {
                loads.incrementAndGet();
                throw new AAuthException(ErrorCode.DISCOVERY_FAILED, "down");
            }));
        }
        assertEquals(1, loads.get());
        now += 2;
        assertEquals(2, get().value());
    }

    @Test
    void keepsTheOldValueWhenAReloadFails() {
        get();
        Refusal.expect(ErrorCode.DISCOVERY_FAILED, () -> cache.reload("key", () -> {
            throw new AAuthException(ErrorCode.DISCOVERY_FAILED, "down");
        }));
        assertEquals(1, get().value());
    }

    /** Else every request that names an unknown key of a party in trouble would be a fetch. */
    @Test
    void aReloadThatFailsIsOneToo() {
        get();
        Refusal.expect(ErrorCode.DISCOVERY_FAILED, () -> cache.reload("key", () -> {
            throw new AAuthException(ErrorCode.DISCOVERY_FAILED, "down");
        }));
        now += DocumentCache.RELOAD_COOLDOWN_SECONDS - 1;
        assertTrue(reload().fromCache());
        now += 1;
        assertFalse(reload().fromCache());
    }

    /** An error of this server's own says nothing about the party, and is nobody's answer a second time. */
    @Test
    void anErrorOfOurOwnIsNotRemembered() {
        assertThrows(IllegalStateException.class, () -> cache.get("key", () -> {
            throw new IllegalStateException("a fault");
        }));
        assertEquals(1, get().value());
    }

    @Test
    void forgetsWhatWasUsedLongestAgo() {
        for (int index = 0; index <= DocumentCache.MAX_ENTRIES; index++) {
            cache.get("key " + index, loads::incrementAndGet);
        }
        assertTrue(cache.get("key 1", loads::incrementAndGet).fromCache());
        assertFalse(cache.get("key 0", loads::incrementAndGet).fromCache());
    }

    @Test
    void holdsSoManyBytesAndForgetsWhatWasUsedLongestAgo() {
        DocumentCache<String> texts = new DocumentCache<>(() -> now);
        // Two bytes each, with the key a sixteenth of all.
        String long16th = "é".repeat(DocumentCache.MAX_BYTES / 32 - 1);
        for (int index = 0; index < 16; index++) {
            texts.get(String.format("%02d", index), () -> long16th);
        }
        assertTrue(texts.get("00", () -> "").fromCache());
        texts.get("16", () -> "one more");
        assertTrue(texts.get("00", () -> "").fromCache());
        assertFalse(texts.get("01", () -> "").fromCache());
        assertTrue(texts.get("02", () -> "").fromCache());
    }

    @Test
    void countsAValueThatIsReplacedOnce() {
        DocumentCache<String> texts = new DocumentCache<>(() -> now);
        texts.get("first", () -> "small");
        for (int reload = 0; reload < 10; reload++) {
            now += DocumentCache.RELOAD_COOLDOWN_SECONDS;
            assertFalse(texts.reload("large", () -> "x".repeat(DocumentCache.MAX_BYTES / 4)).fromCache());
        }
        assertTrue(texts.get("first", () -> "").fromCache());
    }

    @Test
    void whatIsTooLargeIsGivenButNotKept() {
        DocumentCache<String> texts = new DocumentCache<>(() -> now);
        String tooLarge = "x".repeat(DocumentCache.MAX_BYTES);
        assertEquals(tooLarge, texts.get("key", () -> tooLarge).value());
        assertFalse(texts.get("key", () -> tooLarge).fromCache());
    }

    @Test
    void sharesOneLoadAmongThoseWhoWaitForIt() throws Exception {
        int callers = 8;
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(callers);
        try {
            Callable<Integer> call = () -> cache.get("key", () -> {
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

    /** While an agent's key is replaced, several requests signed with the new one arrive: all of them wait for it. */
    @Test
    void givesTheNewValueToAllWhoAskWhileItIsOnTheWire() throws Exception {
        get();
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(2);
        try {
            Future<Integer> first = pool.submit(() -> cache.reload("key", () -> {
                started.countDown();
                await(mayEnd);
                return loads.incrementAndGet();
            }).value());
            started.await();
            Future<DocumentCache.Cached<Integer>> second = pool.submit(this::reload);
            assertThrows(TimeoutException.class, () -> second.get(100, TimeUnit.MILLISECONDS));
            // Who is content with the old value has it at once.
            assertEquals(1, get().value());
            mayEnd.countDown();
            assertEquals(2, first.get());
            assertEquals(new DocumentCache.Cached<>(2, false), second.get());
            assertEquals(2, reload().value());
            assertEquals(2, loads.get());
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
