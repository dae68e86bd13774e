package demo.aauth.keycloak.support;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import org.junit.jupiter.api.function.Executable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** Asserts that something is refused, and for which reason. */
public final class Refusal {

    private Refusal() {
    }

    public static void expect(ErrorCode code, String message, Executable attempt) {
        AAuthException refusal = assertThrows(AAuthException.class, attempt);
        assertEquals(code + ": " + message, refusal.code() + ": " + refusal.getMessage());
    }

    public static void expect(ErrorCode code, Executable attempt) {
        assertEquals(code, assertThrows(AAuthException.class, attempt).code());
    }
}
