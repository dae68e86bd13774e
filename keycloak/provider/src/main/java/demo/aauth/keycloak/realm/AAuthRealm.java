package demo.aauth.keycloak.realm;

import demo.aauth.keycloak.discovery.Discovery;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.policy.PolicyException;
import demo.aauth.keycloak.policy.PolicyReader;
import demo.aauth.keycloak.requester.RequesterVerifier;
import demo.aauth.keycloak.signing.SignatureVerifier;
import demo.aauth.keycloak.storage.Grants;
import demo.aauth.keycloak.tokens.AuthTokenIssuer;
import demo.aauth.keycloak.tokens.TokenVerifier;
import demo.aauth.keycloak.tracing.RequestSpan;
import org.jboss.logging.Logger;
import org.keycloak.common.util.Time;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.services.Urls;
import org.keycloak.urls.UrlType;

import java.net.URI;
import java.util.Optional;

/** A realm as AAuth issuer, for the duration of one request. */
public final class AAuthRealm {

    /** The protocol's name in URLs, and its id in Keycloak. */
    public static final String PROTOCOL = "aauth";

    private static final Logger LOG = Logger.getLogger(AAuthRealm.class);

    private final KeycloakSession session;
    private final RealmModel realm;
    private final AAuthSettings settings;
    private final Discovery discovery;
    private final URI baseUri;
    private final TokenVerifier tokens;
    /** The policy, once read. */
    private Policy policy;

    public AAuthRealm(KeycloakSession session, AAuthSettings settings, Discovery discovery) {
        this.session = session;
        this.realm = session.getContext().getRealm();
        this.settings = settings;
        this.discovery = discovery.withListed(party -> policy().lists(party));
        this.baseUri = session.getContext().getUri(UrlType.FRONTEND).getBaseUri();
        this.tokens = new TokenVerifier(issuer(), this.discovery, keys()::find, Time::currentTimeSeconds);
    }

    public KeycloakSession session() {
        return session;
    }

    public RealmModel realm() {
        return realm;
    }

    public AAuthSettings settings() {
        return settings;
    }

    public Discovery discovery() {
        return discovery;
    }

    public TokenVerifier tokens() {
        return tokens;
    }

    /** The realm's URL as seen by browsers and agents. */
    public String issuer() {
        return Urls.realmIssuer(baseUri, realm.getName());
    }

    /** @param path path below the protocol's, for example {@code /agent/token} */
    public String endpoint(String path) {
        return issuer() + "/protocol/" + PROTOCOL + path;
    }

    public RealmKeys keys() {
        return new RealmKeys(session, realm);
    }

    public Grants grants() {
        return new Grants(session, realm);
    }

    public AuthTokenIssuer tokenIssuer() {
        return new AuthTokenIssuer(session, realm, issuer());
    }

    public RequesterVerifier requesterVerifier() {
        SignatureVerifier signatures =
                new SignatureVerifier(authority(), session.singleUseObjects()::putIfAbsent, Time::currentTimeSeconds);
        return new RequesterVerifier(signatures, tokens, discovery, policy().publishedPeers()::contains, RequestSpan.current());
    }

    /**
     * Returns the policy if this realm serves AAuth.
     *
     * @throws OAuthException 403 if the realm is disabled, or requires https and the request lacks
     * it; 400 if AAuth is disabled
     */
    public Policy requireServing() {
        requireAvailable();
        if (!policy().enabled()) {
            throw OAuthException.invalidRequest("AAuth protocol is not enabled for this realm");
        }
        return policy;
    }

    private void requireAvailable() {
        if (!realm.isEnabled()) {
            throw OAuthException.accessDenied("Realm not enabled");
        }
        boolean secure = session.getContext().getUri().getBaseUri().getScheme().equals("https");
        if (!secure && realm.getSslRequired().isRequired(session.getContext().getConnection())) {
            throw new OAuthException(403, "invalid_request", "HTTPS required");
        }
    }

    /**
     * Policy in the realm's attributes.
     *
     * @throws OAuthException 500 if they are invalid, because a partly understood policy must not
     * decide (hole J16)
     */
    public Policy policy() {
        try {
            if (policy == null) {
                policy = PolicyReader.read(realm.getAttributes());
            }
            return policy;
        } catch (PolicyException malformed) {
            LOG.errorf("Realm %s refuses all AAuth requests: %s", realm.getName(), malformed.getMessage());
            throw new OAuthException(500, "server_error", "The realm's AAuth policy is not usable", malformed);
        }
    }

    /** Finds a user of this realm who may sign in. */
    public Optional<UserModel> user(String id) {
        return Optional.ofNullable(session.users().getUserById(realm, id)).filter(UserModel::isEnabled);
    }

    private String authority() {
        boolean configured = settings.hostnameConfigured() || realm.getAttribute("frontendUrl") != null;
        return ServedAuthority.of(baseUri, configured, settings.development()).orElseThrow(() -> {
            LOG.error("AAuth needs Keycloak's hostname to be configured; the request's Host is not believed");
            return OAuthException.unproven(new AAuthException(
                    ErrorCode.UNKNOWN_AUTHORITY, "the request addresses a host that is not served here"));
        });
    }
}
