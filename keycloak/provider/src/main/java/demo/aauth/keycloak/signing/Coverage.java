package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.headers.HeaderFields;

import java.util.ArrayList;
import java.util.List;

/** The components that a signature must cover (profile 2.1). */
final class Coverage {

    private Coverage() {
    }

    /**
     * Refuses a signature that does not cover all required components (profile 2.5). Any order and
     * additional components are accepted. Does NOT compare the digest with the body.
     *
     * @param profile determines whether a body must be covered
     *
     * @throws AAuthException {@code insufficient_coverage}, naming all components that are missing
     */
    static void require(ReceivedRequest request, List<String> components, Profile profile) {
        List<String> missing = needed(request, profile).stream().filter(name -> !components.contains(name)).toList();
        if (!missing.isEmpty()) {
            throw new AAuthException(ErrorCode.INSUFFICIENT_COVERAGE, "the signature does not cover " + String.join(", ", missing));
        }
    }

    private static List<String> needed(ReceivedRequest request, Profile profile) {
        List<String> names = new ArrayList<>(List.of("@method", "@authority", "@path"));
        if (request.query() != null) {
            names.add("@query");
        }
        if (profile.bindsBody() && hasBody(request)) {
            names.add(HeaderFields.CONTENT_TYPE);
            names.add(HeaderFields.CONTENT_DIGEST);
        }
        if (request.headers().get(HeaderFields.NONCE) != null) {
            names.add(HeaderFields.NONCE);
        }
        names.add(HeaderFields.SIGNATURE_KEY);
        return names;
    }

    /** Whether a body was announced or received. */
    private static boolean hasBody(ReceivedRequest request) {
        String length = request.headers().get("content-length");
        return request.body().length > 0
                || length != null && !length.equals("0")
                || request.headers().get("transfer-encoding") != null;
    }
}
