package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.policy.IdentityScope;
import demo.aauth.keycloak.policy.Scopes;
import org.keycloak.crypto.Algorithm;
import org.keycloak.crypto.SignatureProvider;
import org.keycloak.crypto.SignatureSignerContext;
import org.keycloak.jose.jws.JWSBuilder;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;

import java.security.SecureRandom;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Issues an auth token for a decision, signed with the realm's key (profile 4.2). Makes no checks,
 * because policy has already been applied.
 */
public final class AuthTokenIssuer {

    private static final int TOKEN_ID_BYTES = 16;
    /**
     * Algorithms that verifiers of this profile accept. A realm with another default signs with the
     * first.
     */
    private static final List<String> ALGORITHMS = List.of(Algorithm.RS256, Algorithm.ES256, Algorithm.EdDSA);

    private final KeycloakSession session;
    private final RealmModel realm;
    private final String issuer;

    public AuthTokenIssuer(KeycloakSession session, RealmModel realm, String issuer) {
        this.session = session;
        this.realm = realm;
        this.issuer = issuer;
    }

    /**
     * @param id the token's {@code jti}: its name in events and logs, where the token itself must
     * not be
     */
    public record Issued(String token, String id) {
    }

    /** @param now Unix seconds, start of the token's validity */
    public Issued issue(Decision decision, long now, int lifespanSeconds) {
        String id = newId();
        SignatureSignerContext signer = session.getProvider(SignatureProvider.class, algorithm()).signer();
        ObjectNode claims = claims(decision, id, now, lifespanSeconds);
        return new Issued(new JWSBuilder().type(TokenType.AUTH).jsonContent(claims).sign(signer), id);
    }

    private ObjectNode claims(Decision decision, String id, long now, int lifespanSeconds) {
        ObjectNode claims = Json.object().put("exp", now + lifespanSeconds).put("iat", now);
        if (decision.act() != null) {
            claims.put("nbf", now);
        }
        claims.put("iss", issuer).put("aud", decision.resource());
        if (decision.subject() != null && disclosesUser(decision)) {
            claims.put("sub", decision.subject());
        }
        // An exchanged token always names its agent: `act` needs one.
        if (!isOwn(decision)) {
            claims.put("agent", decision.agent());
        }
        if (decision.agentDelegate() != null) {
            claims.put("agent_delegate", decision.agentDelegate());
        }
        claims.putObject("cnf").putObject("jwk")
                .put("kty", "OKP").put("use", "sig").put("crv", "Ed25519").put("x", decision.key().x());
        putScope(claims, decision);
        if (decision.act() != null) {
            claims.set("act", decision.act().toJson());
        }
        if (decision.subject() != null) {
            putUser(claims, decision);
        }
        return claims.put("jti", id);
    }

    /**
     * Only identity scopes disclose the user to an agent that asks for itself. For its other scopes
     * the agent need not be on the realm's list.
     */
    private static boolean disclosesUser(Decision decision) {
        return !isOwn(decision) || IdentityScope.anyOf(Scopes.words(decision.scope()));
    }

    /**
     * In a token for the agent itself identity scopes have become claims; a resource finds its
     * scopes as it asked for them (SPEC 7.4).
     */
    private static void putScope(ObjectNode claims, Decision decision) {
        if (!isOwn(decision)) {
            claims.put("scope", decision.scope());
            return;
        }
        List<String> scopes = Scopes.words(decision.scope()).stream().filter(scope -> IdentityScope.of(scope).isEmpty()).toList();
        if (!scopes.isEmpty()) {
            claims.put("scope", Scopes.join(scopes));
        }
    }

    /** Adds the claims about the user that the consented scopes allow. */
    private void putUser(ObjectNode claims, Decision decision) {
        UserModel user = session.users().getUserById(realm, decision.subject());
        List<String> scopes = Scopes.words(decision.scope());
        if (user != null && IdentityScope.PROFILE.isIn(scopes)) {
            claims.put("name", displayName(user));
        }
        if (user != null && IdentityScope.EMAIL.isIn(scopes) && user.getEmail() != null) {
            claims.put("email", user.getEmail()).put("email_verified", user.isEmailVerified());
        }
    }

    private static String displayName(UserModel user) {
        String name = Stream.of(user.getFirstName(), user.getLastName())
                .filter(part -> part != null && !part.isBlank())
                .collect(Collectors.joining(" "));
        return name.isEmpty() ? user.getUsername() : name;
    }

    /** The agent is the resource itself. */
    private static boolean isOwn(Decision decision) {
        return decision.agent().equals(decision.resource()) && decision.act() == null;
    }

    private String algorithm() {
        String preferred = realm.getDefaultSignatureAlgorithm();
        return ALGORITHMS.contains(preferred) ? preferred : ALGORITHMS.get(0);
    }

    private static String newId() {
        byte[] bytes = new byte[TOKEN_ID_BYTES];
        new SecureRandom().nextBytes(bytes);
        return StrictBase64.encodeUrl(bytes);
    }
}
