package demo.aauth.keycloak.policy;

import java.util.List;

/** The realm's attributes are invalid. The message names every malformed or unknown one. */
public final class PolicyException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    PolicyException(List<String> problems) {
        super("invalid realm attributes: " + String.join("; ", problems));
    }
}
