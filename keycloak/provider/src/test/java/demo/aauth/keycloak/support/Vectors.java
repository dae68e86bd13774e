package demo.aauth.keycloak.support;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.encoding.Json;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Known answers of February 2026, of RFC 9421 and of the published Python library. */
public final class Vectors {

    private static final Path FOLDER = Path.of("src/test/resources/vectors");

    private Vectors() {
    }

    public static JsonNode read(String name) {
        try {
            return Json.parse(Files.readAllBytes(FOLDER.resolve(name)));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** The private key {@code name} of keys.json. */
    public static TestKey key(String name) {
        JsonNode jwk = read("keys.json").get(name).get("jwk");
        return TestKey.of(Json.text(jwk, "x"), Json.text(jwk, "d"));
    }
}
