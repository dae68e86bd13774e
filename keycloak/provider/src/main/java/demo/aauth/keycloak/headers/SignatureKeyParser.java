package demo.aauth.keycloak.headers;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.keys.PrivateMembers;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Parses {@code Signature-Key}. Its grammar is not RFC 8941 (profile 1.1): one member
 * {@code label=(scheme=… name="…")}, {@code scheme} first and bare, single spaces, no escapes. Does
 * not fetch, decode or judge what the header names.
 */
public final class SignatureKeyParser {

    private static final String NAME = "Signature-Key";
    private static final Pattern START = Pattern.compile("(" + StructuredField.KEY + ")=\\(scheme=([A-Za-z0-9_-]+)");
    /** Each match is one token at a place, without nested repetition: the scan is linear. */
    private static final Pattern PAIR = Pattern.compile(" ([a-z0-9-]+)=\"([\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]++)\"");

    private final String label;
    private final String scheme;
    private final Map<String, String> pairs = new HashMap<>();

    private SignatureKeyParser(String text) {
        Matcher start = START.matcher(text);
        if (!start.lookingAt()) {
            throw malformed("does not start with label=(scheme=…");
        }
        label = start.group(1);
        scheme = start.group(2);
        Matcher pair = PAIR.matcher(text);
        int position = start.end();
        while (position < text.length() - 1) {
            pair.region(position, text.length());
            if (!pair.lookingAt()) {
                throw malformed("a parameter is malformed or empty");
            }
            if (pairs.put(pair.group(1), pair.group(2)) != null) {
                throw malformed("a parameter appears twice");
            }
            position = pair.end();
        }
        if (!text.substring(position).equals(")")) {
            throw malformed("the member does not end where the header does");
        }
        if (pairs.containsKey("scheme")) {
            throw malformed("a parameter appears twice");
        }
    }

    /**
     * @throws AAuthException {@code malformed_signature_key} for a second member, a duplicate,
     *         missing or empty parameter, or any other departure; {@code unsupported_scheme} for a
     *         scheme other than hwk, jwks and jwt; {@code unsupported_key} for a header key that is
     *         not Ed25519 or has private members; {@code header_too_large}
     */
    public static SignatureKey parse(String value) {
        HeaderFields.requireBounded(NAME, value);
        return new SignatureKeyParser(HeaderFields.trim(value)).interpret();
    }

    private SignatureKey interpret() {
        return switch (scheme) {
            case "hwk" -> headerKey();
            case "jwks" -> keySet();
            case "jwt" -> new SignatureKey.Jwt(label, required("jwt"));
            default -> throw new AAuthException(ErrorCode.UNSUPPORTED_SCHEME, "the Signature-Key scheme is not hwk, jwks or jwt");
        };
    }

    private SignatureKey headerKey() {
        if (PrivateMembers.NAMES.stream().anyMatch(pairs::containsKey)) {
            throw new AAuthException(ErrorCode.UNSUPPORTED_KEY, "Signature-Key carries members of a private or symmetric key");
        }
        if (!required("kty").equals("OKP") || !required("crv").equals("Ed25519")) {
            throw new AAuthException(ErrorCode.UNSUPPORTED_KEY, "only Ed25519 keys are supported");
        }
        return new SignatureKey.Hwk(label, required("x"));
    }

    private SignatureKey keySet() {
        String kid = required("kid");
        String wellKnown = pairs.get("well-known");
        if (!pairs.containsKey("jwks")) {
            return new SignatureKey.Jwks(label, required("id"), kid, wellKnown);
        }
        if (pairs.containsKey("id") || wellKnown != null) {
            throw malformed("\"jwks\" excludes \"id\" and \"well-known\"");
        }
        return new SignatureKey.JwksUri(label, pairs.get("jwks"), kid);
    }

    private String required(String name) {
        String value = pairs.get(name);
        if (value == null) {
            throw malformed("scheme " + scheme + " needs \"" + name + "\"");
        }
        return value;
    }

    private static AAuthException malformed(String reason) {
        return new AAuthException(ErrorCode.MALFORMED_SIGNATURE_KEY, NAME + ": " + reason);
    }
}
