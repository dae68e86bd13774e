package demo.aauth.keycloak.support;

import java.util.concurrent.atomic.AtomicReference;

import static org.junit.jupiter.api.Assertions.assertNull;

/**
 * Runs what may not go deep: with as little stack as is left to code that is called from far below.
 */
public final class SmallStack {

    private static final int BYTES = 180_000;

    private SmallStack() {
    }

    public static void run(Runnable code) throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread thread = new Thread(null, code, "small stack", BYTES);
        thread.setUncaughtExceptionHandler((dead, thrown) -> failure.set(thrown));
        thread.start();
        thread.join();
        assertNull(failure.get());
    }
}
