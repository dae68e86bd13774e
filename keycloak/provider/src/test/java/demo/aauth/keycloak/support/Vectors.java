package demo.aauth.keycloak.support;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.encoding.Json;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The known answers that the TypeScript library is held to, from the very same files. */
public final class Vectors {

    private static final Path FOLDER = Path.of("../../packages/aauth/test/vectors");

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
