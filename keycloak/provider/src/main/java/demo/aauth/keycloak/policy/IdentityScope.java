package demo.aauth.keycloak.policy;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Scopes about a user's identity (OpenID Connect Core 1.0 section 5.4). */
public enum IdentityScope {

    OPENID("openid"),
    PROFILE("profile"),
    EMAIL("email");

    private final String word;

    IdentityScope(String word) {
        this.word = word;
    }

    public static Optional<IdentityScope> of(String scope) {
        return Arrays.stream(values()).filter(identity -> identity.word.equals(scope)).findFirst();
    }

    /** Whether one of the scopes is about a user's identity. */
    public static boolean anyOf(List<String> scopes) {
        return scopes.stream().anyMatch(scope -> of(scope).isPresent());
    }

    public boolean isIn(List<String> scopes) {
        return scopes.contains(word);
    }

    public String word() {
        return word;
    }
}
