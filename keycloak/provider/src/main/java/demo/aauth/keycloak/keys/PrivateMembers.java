package demo.aauth.keycloak.keys;

import java.util.List;

/**
 * Members of private and symmetric keys (RFC 7518 section 6). Publishing one of them leaks the key.
 */
public final class PrivateMembers {

    public static final List<String> NAMES = List.of("d", "k", "p", "q", "dp", "dq", "qi", "oth");

    private PrivateMembers() {
    }
}
