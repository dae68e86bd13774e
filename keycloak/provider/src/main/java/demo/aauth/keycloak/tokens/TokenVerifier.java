package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.discovery.Discovery;
import demo.aauth.keycloak.discovery.Discovery.DiscoveredKey;
import demo.aauth.keycloak.discovery.Discovery.Kind;
import demo.aauth.keycloak.encoding.HttpUrl;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.policy.Scopes;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Verifies tokens presented by other parties: resource tokens, agent tokens, and the upstream token
 * of an exchange. All checks that need no network precede the verification of the signature with a
 * published key.
 */
public final class TokenVerifier {

    /** Maximum lifetime of a resource token (profile 4.1). */
    private static final int RESOURCE_TOKEN_MAX_LIFETIME_SECONDS = 600;

    private final String issuer;
    private final Discovery discovery;
    private final Function<String, Optional<JsonNode>> ownKeys;
    private final LongSupplier nowSeconds;

    /**
     * @param issuer own identifier, which is the audience of resource tokens and agent tokens
     * @param ownKeys own public keys by key id, which need not be fetched over the network
     */
    public TokenVerifier(
            String issuer, Discovery discovery, Function<String, Optional<JsonNode>> ownKeys, LongSupplier nowSeconds) {
        this.issuer = issuer;
        this.discovery = discovery;
        this.ownKeys = ownKeys;
        this.nowSeconds = nowSeconds;
    }

    /**
     * Verifies a resource token (profile 4.1): type, algorithm, audience, agent, key binding,
     * expiry (at most 600 s ahead), and its signature with the key that the resource publishes
     * (hole J1), and the shape of its scope. Does NOT check whether the scope may be granted, which
     * policy decides.
     *
     * @param agent the authenticated requester
     * @param thumbprint of the key that signed the token request
     */
    public ResourceToken verifyResourceToken(String token, String agent, String thumbprint) {
        DecodedToken decoded = DecodedToken.decode(token);
        Claims claims = Claims.of(decoded, TokenType.RESOURCE);
        claims.requireTimeShapes();
        String resource = claims.requiredString("iss");
        List<String> audience = List.of(claims.requiredString("aud"));
        String namedAgent = claims.requiredString("agent");
        String namedThumbprint = claims.requiredString("agent_jkt");
        String scope = claims.requiredString("scope");
        Claims.requireAudience(audience, issuer);
        if (!namedAgent.equals(agent)) {
            throw new AAuthException(ErrorCode.TOKEN_AGENT_MISMATCH, "the resource token names another agent than the requester");
        }
        if (!namedThumbprint.equals(thumbprint)) {
            throw new AAuthException(ErrorCode.TOKEN_KEY_MISMATCH, "the resource token is bound to another key");
        }
        long now = nowSeconds.getAsLong();
        claims.requireNotBefore(now);
        claims.requireNotExpired(now, "resource token");
        if (claims.expiry() > now + RESOURCE_TOKEN_MAX_LIFETIME_SECONDS + Claims.SKEW_SECONDS) {
            throw new AAuthException(ErrorCode.MALFORMED_TOKEN,
                    "the resource token is good for more than " + RESOURCE_TOKEN_MAX_LIFETIME_SECONDS + " s");
        }
        TokenSignature.require(decoded, publishedBy(Kind.RESOURCE, resource));
        if (!Scopes.isList(scope)) {
            throw Claims.malformed("scope");
        }
        return new ResourceToken(resource, scope);
    }

    /**
     * Verifies an agent token (profile 4.3): type, algorithm, audience if it names one, times, the
     * length of {@code sub}, the shape of {@code cnf.jwk}, and its signature with the key that the
     * agent publishes (hole J2). Does NOT check that the request was signed with {@code cnf.jwk},
     * which the verifier does.
     */
    public AgentToken verifyAgentToken(String token) {
        DecodedToken decoded = DecodedToken.decode(token);
        Claims claims = Claims.of(decoded, TokenType.AGENT);
        claims.requireTimeShapes();
        String agent = claims.requiredString("iss");
        String delegate = claims.requiredString("sub");
        // Stored like identifiers, so the same limit applies.
        if (delegate.length() > HttpUrl.MAX_LENGTH) {
            throw Claims.malformed("sub");
        }
        List<String> audience = claims.optionalAudience();
        if (audience != null) {
            Claims.requireAudience(audience, issuer);
        }
        long now = nowSeconds.getAsLong();
        claims.requireNotBefore(now);
        claims.requireNotExpired(now, "agent token");
        AgentToken verified = new AgentToken(agent, delegate, claims.confirmationKey());
        TokenSignature.require(decoded, publishedBy(Kind.AGENT, agent));
        return verified;
    }

    /**
     * Verifies an auth token that is to be exchanged (profile 4.2): type, algorithm, issuer (before
     * anything is fetched: hole J3), audience, shapes of all claims, times, and its signature. Does
     * not check that the request was signed with {@code cnf.jwk}: in an exchange it is not.
     *
     * @param audience the agent that the token was presented to, and which requests the exchange
     * @param trustedIssuers issuers whose tokens are accepted; others are refused before anything
     * is fetched
     */
    public AuthToken verifyAuthToken(String token, String audience, List<String> trustedIssuers) {
        DecodedToken decoded = DecodedToken.decode(token);
        Claims claims = Claims.of(decoded, TokenType.AUTH);
        String tokenIssuer = claims.requiredString("iss");
        List<String> audiences = claims.optionalAudience();
        if (audiences == null) {
            throw Claims.missing("aud");
        }
        claims.requireTimeShapes();
        claims.optionalString("jti");
        AuthToken verified = new AuthToken(tokenIssuer, claims.optionalString("sub"), claims.optionalString("agent"),
                claims.optionalString("agent_delegate"), claims.scope(), Act.read(decoded.claims()), (long) Math.floor(claims.expiry()));
        if (!trustedIssuers.contains(tokenIssuer)) {
            throw new AAuthException(ErrorCode.UNTRUSTED_ISSUER, "the token's issuer is not trusted");
        }
        Claims.requireAudience(audiences, audience);
        long now = nowSeconds.getAsLong();
        claims.requireNotBefore(now);
        claims.confirmationKey();
        TokenSignature.require(decoded, tokenIssuer.equals(issuer) ? publishedHere() : publishedBy(Kind.ISSUER, tokenIssuer));
        claims.requireNotExpired(now, "auth token");
        return verified;
    }

    private PublishedKeys publishedBy(Kind kind, String id) {
        return kid -> {
            DiscoveredKey key = discovery.key(kind, id, kid);
            return new PublishedKeys.Candidate(key.jwk(), () ->
                    key.fromCache() ? discovery.replacedKey(kind, id, kid, key.jwk()) : Optional.empty());
        };
    }

    private PublishedKeys publishedHere() {
        return kid -> ownKeys.apply(kid)
                .map(jwk -> new PublishedKeys.Candidate(jwk, Optional::empty))
                .orElseThrow(() -> new AAuthException(ErrorCode.UNKNOWN_KEY, "this server has no such key"));
    }
}
