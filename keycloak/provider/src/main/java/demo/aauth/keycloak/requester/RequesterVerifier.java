package demo.aauth.keycloak.requester;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.discovery.Discovery;
import demo.aauth.keycloak.discovery.Discovery.DiscoveredKey;
import demo.aauth.keycloak.discovery.Discovery.Kind;
import demo.aauth.keycloak.discovery.Identifier;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.headers.HeaderFields;
import demo.aauth.keycloak.headers.SignatureKey;
import demo.aauth.keycloak.headers.SignatureKeyParser;
import demo.aauth.keycloak.keys.Ed25519Key;
import demo.aauth.keycloak.keys.JwkThumbprint;
import demo.aauth.keycloak.signing.CallerCandidate;
import demo.aauth.keycloak.signing.Check;
import demo.aauth.keycloak.signing.Profile;
import demo.aauth.keycloak.signing.ReceivedRequest;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.signing.SignatureVerifier;
import demo.aauth.keycloak.signing.VerificationRecorder;
import demo.aauth.keycloak.tokens.AgentToken;
import demo.aauth.keycloak.tokens.AuthToken;
import demo.aauth.keycloak.tokens.DecodedToken;
import demo.aauth.keycloak.tokens.TokenType;
import demo.aauth.keycloak.tokens.TokenVerifier;
import demo.aauth.keycloak.tracing.RequestSpan;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Authenticates the requester. Throws {@link OAuthException}: 401 if it cannot be authenticated,
 * 400 if the upstream token cannot be exchanged.
 */
public final class RequesterVerifier {

    /** Limit on candidates, each of which costs a verification. */
    private static final int MAX_CANDIDATE_KEYS = 10;

    /**
     * Codes for an upstream token that may be genuine but cannot be exchanged. They refuse the
     * exchange, not the requester.
     */
    private static final Set<ErrorCode> EXCHANGE_REFUSED =
            Set.of(ErrorCode.TOKEN_AUDIENCE_MISMATCH, ErrorCode.TOKEN_EXPIRED, ErrorCode.TOKEN_NOT_YET_VALID);

    private final SignatureVerifier signatures;
    private final TokenVerifier tokens;
    private final Discovery discovery;
    private final Predicate<String> publishedPeers;
    private final RequestSpan span;

    /**
     * @param publishedPeers agents whose signatures need not cover the body
     * @param span span of the request, which records the checks and their verdicts
     */
    public RequesterVerifier(SignatureVerifier signatures, TokenVerifier tokens, Discovery discovery,
            Predicate<String> publishedPeers, RequestSpan span) {
        this.signatures = signatures;
        this.tokens = tokens;
        this.discovery = discovery;
        this.publishedPeers = publishedPeers;
        this.span = span;
    }

    /**
     * For every request type except exchange. An auth token does not identify the requester here.
     */
    public Requester verify(ReceivedRequest request) {
        requireSignatureKey(request);
        return judge(request, claim -> profileOf(claimedAgent(claim)), this::candidate);
    }

    /**
     * For exchange, where {@code Signature-Key} does not contain the signing key: the header
     * carries the upstream token, which is bound to the caller's key, while the token's audience
     * signs the request with its own key. That key is the one in the audience's key set with the
     * thumbprint {@code agent_jkt} of the resource token. Does NOT verify the resource token, which
     * is only used to find the key. The request type verifies it.
     */
    public ExchangeRequester verifyExchange(ReceivedRequest request, String resourceToken, List<String> trustedIssuers) {
        requireSignatureKey(request);
        String upstreamToken = upstreamToken(request);
        span.upstream(upstreamToken);
        JsonNode claims = unverifiedClaims(resourceToken);
        String agent = Json.text(claims, "agent");
        if (agent == null) {
            String description = "Invalid resource_token: Missing 'agent' claim in resource token";
            throw OAuthException.invalidGrant(description, new AAuthException(ErrorCode.TOKEN_CLAIM_MISSING, description));
        }
        String thumbprint = Json.text(claims, "agent_jkt");
        // Must be fully verified before its holder's claims can cause this server to send requests
        // (hole J3).
        AuthToken upstream = verifyUpstream(upstreamToken, agent, trustedIssuers);
        Requester requester = judge(
                request, claim -> profileOf(agent), (claim, recorder) -> candidateOfExchange(agent, thumbprint, recorder));
        return new ExchangeRequester(requester, upstream);
    }

    /** Verifies the signature and records the verdict on the request's span. */
    private Requester judge(ReceivedRequest request, Function<SignatureKey, Profile> profile,
            BiFunction<SignatureKey, VerificationRecorder, CallerCandidate> find) {
        VerificationRecorder recorder = new VerificationRecorder();
        try {
            Requester requester = signatures.verify(request, profile, claim -> find.apply(claim, recorder), recorder);
            span.verified(requester, recorder);
            return requester;
        } catch (AAuthException refusal) {
            Check failed = recorder.failed(refusal.getMessage());
            span.refused(refusal, recorder);
            throw OAuthException.unproven(refusal).at(failed.title());
        }
    }

    /** @param agent as named in the message, or null */
    private Profile profileOf(String agent) {
        return agent != null && publishedPeers.test(agent) ? Profile.FEBRUARY_2026_PUBLISHED : Profile.FEBRUARY_2026;
    }

    /**
     * The id of scheme jwks, the {@code agent} of a token, or the {@code iss} of an agent token;
     * null if none is named. Nothing is validated.
     */
    private static String claimedAgent(SignatureKey claim) {
        if (claim instanceof SignatureKey.Jwks published) {
            return published.id();
        }
        if (!(claim instanceof SignatureKey.Jwt token)) {
            return null;
        }
        try {
            DecodedToken decoded = DecodedToken.decode(token.jwt());
            return Json.text(decoded.claims(), decoded.hasType(TokenType.AGENT) ? "iss" : "agent");
        } catch (AAuthException malformed) {
            // The token's own check reports the error.
            return null;
        }
    }

    private CallerCandidate candidate(SignatureKey claim, VerificationRecorder recorder) {
        if (claim instanceof SignatureKey.Hwk header) {
            enterKey("hwk", recorder);
            Ed25519Key key = Ed25519Key.of(header.x());
            recorder.key("header", key.thumbprint());
            return CallerCandidate.pseudonymous(key);
        }
        if (claim instanceof SignatureKey.Jwks published) {
            return candidate(published, recorder);
        }
        if (claim instanceof SignatureKey.Jwt token) {
            return candidate(token, recorder);
        }
        enterKey("jwks", recorder);
        throw new AAuthException(ErrorCode.UNSUPPORTED_SCHEME, "a key set by URL proves no identity");
    }

    private static void enterKey(String scheme, VerificationRecorder recorder) {
        recorder.skip(Check.TOKEN, "scheme " + scheme + " has none");
        recorder.enter(Check.KEY);
    }

    private CallerCandidate candidate(SignatureKey.Jwks published, VerificationRecorder recorder) {
        enterKey("jwks", recorder);
        Kind kind = kindOf(published.wellKnown());
        if (!Identifier.isCanonical(published.id())) {
            throw new AAuthException(ErrorCode.DISCOVERY_BLOCKED, "the agent's id is not a canonical identifier");
        }
        DiscoveredKey key = discovery.key(kind, published.id(), published.kid());
        Ed25519Key found = Ed25519Key.of(key.jwk());
        recorder.key(key.fromCache() ? "discovery-cache" : "discovery", found.thumbprint());
        return new CallerCandidate(published.id(), null, List.of(found), () -> key.fromCache()
                ? discovery.replacedKey(kind, published.id(), published.kid(), key.jwk()).map(Ed25519Key::of)
                : Optional.empty());
    }

    /**
     * The documents that a caller may name (SPEC 10.7 mode 2). They exclude an auth server's, which
     * signs no requests.
     */
    private static Kind kindOf(String wellKnown) {
        return switch (wellKnown == null ? "aauth-agent" : wellKnown) {
            case "aauth-agent" -> Kind.AGENT;
            case "aauth-resource" -> Kind.RESOURCE;
            // The name would become part of the fetched URL.
            default -> throw new AAuthException(
                    ErrorCode.UNSUPPORTED_SCHEME, "well-known must be aauth-agent or aauth-resource");
        };
    }

    private CallerCandidate candidate(SignatureKey.Jwt token, VerificationRecorder recorder) {
        recorder.enter(Check.TOKEN);
        DecodedToken decoded = DecodedToken.decode(token.jwt());
        if (decoded.hasType(TokenType.AGENT)) {
            AgentToken verified = tokens.verifyAgentToken(token.jwt());
            recorder.enter(Check.KEY);
            recorder.key("agent-token", verified.key().thumbprint());
            return new CallerCandidate(verified.agent(), verified.delegate(), List.of(verified.key()), Optional::empty);
        }
        if (decoded.hasType(TokenType.AUTH)) {
            throw new AAuthException(ErrorCode.UNTRUSTED_ISSUER, "the token's issuer is not trusted");
        }
        throw new AAuthException(ErrorCode.TOKEN_TYPE_MISMATCH, "the token is neither an auth token nor an agent token");
    }

    private AuthToken verifyUpstream(String token, String agent, List<String> trustedIssuers) {
        try {
            return tokens.verifyAuthToken(token, agent, trustedIssuers);
        } catch (AAuthException refusal) {
            span.refused(refusal, null);
            if (EXCHANGE_REFUSED.contains(refusal.code())) {
                throw OAuthException.invalidGrant("Token exchange validation failed: " + refusal.getMessage(), refusal);
            }
            throw OAuthException.unproven(refusal);
        }
    }

    private CallerCandidate candidateOfExchange(String agent, String thumbprint, VerificationRecorder recorder) {
        // The token is already verified; finding its holder's keys is part of the same check.
        recorder.enter(Check.TOKEN);
        List<JsonNode> keys = publishedKeys(agent, thumbprint);
        if (keys.isEmpty()) {
            // Discovery fetches a key set again, within its limits, for a key id that is not in it.
            refresh(agent, thumbprint);
            keys = publishedKeys(agent, thumbprint);
        }
        if (keys.isEmpty()) {
            throw new AAuthException(ErrorCode.UNKNOWN_KEY, "the agent's key set has no key with the thumbprint agent_jkt");
        }
        recorder.enter(Check.KEY);
        recorder.key("discovery", thumbprint);
        return CallerCandidate.identified(agent, keys.stream().map(Ed25519Key::of).toList());
    }

    private List<JsonNode> publishedKeys(String agent, String thumbprint) {
        return discovery.keys(Kind.AGENT, agent).keys().stream()
                .filter(jwk -> thumbprint != null && thumbprint.equals(thumbprintOf(jwk)))
                .limit(MAX_CANDIDATE_KEYS)
                .toList();
    }

    private void refresh(String agent, String thumbprint) {
        try {
            discovery.key(Kind.AGENT, agent, String.valueOf(thumbprint));
        } catch (AAuthException stillUnknown) {
            if (stillUnknown.code() == ErrorCode.DISCOVERY_BUSY) {
                throw stillUnknown;
            }
            // The set has been fetched again, which was the only purpose.
        }
    }

    private static String thumbprintOf(JsonNode jwk) {
        try {
            return JwkThumbprint.of(jwk);
        } catch (AAuthException noThumbprint) {
            return null;
        }
    }

    private static void requireSignatureKey(ReceivedRequest request) {
        if (request.headers().get(HeaderFields.SIGNATURE_KEY) == null) {
            throw OAuthException.agentUnknown(ErrorCode.MISSING_SIGNATURE);
        }
    }

    private static String upstreamToken(ReceivedRequest request) {
        String header = request.headers().get(HeaderFields.SIGNATURE_KEY);
        return proven(() -> {
            if (SignatureKeyParser.parse(header) instanceof SignatureKey.Jwt token
                    && DecodedToken.decode(token.jwt()).hasType(TokenType.AUTH)) {
                return token.jwt();
            }
            throw OAuthException.invalidRequest("Missing upstream auth_token.");
        });
    }

    /** Unverified claims of a token, used to select the issuer but never for a decision. */
    private static JsonNode unverifiedClaims(String token) {
        try {
            return DecodedToken.decode(token).claims();
        } catch (AAuthException malformed) {
            throw OAuthException.invalidGrant("Invalid resource_token: not a JWT", malformed);
        }
    }

    private static <T> T proven(Supplier<T> proof) {
        try {
            return proof.get();
        } catch (AAuthException refusal) {
            throw OAuthException.unproven(refusal);
        }
    }
}
