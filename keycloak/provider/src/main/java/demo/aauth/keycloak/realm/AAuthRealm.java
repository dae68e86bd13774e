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

/** A realm as AAuth issuer, for the length of one request. */
public final class AAuthRealm {

    /** The protocol's name in addresses, and the id under which Keycloak knows it. */
    public static final String PROTOCOL = "aauth";

    private static final Logger LOG = Logger.getLogger(AAuthRealm.class);

    private final KeycloakSession session;
    private final RealmModel realm;
    private final AAuthSettings settings;
    private final Discovery discovery;
    private final URI baseUri;
    private final TokenVerifier tokens;
    /** Once it has been read. */
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

    /** The realm's address as browsers and agents know it. */
    public String issuer() {
        return Urls.realmIssuer(baseUri, realm.getName());
    }

    /** @param path below the protocol, for example {@code /agent/token} */
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
     * The policy in force, where this realm serves AAuth at all.
     *
     * @throws OAuthException 403 when the realm is disabled, or wants https and the request came
     * without; 400 when AAuth is switched off
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
     * What the realm's attributes decide.
     *
     * @throws OAuthException 500 when they are not usable: a half-understood policy decides nothing
     * (hole J16)
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

    /** A user of this realm who may sign in. */
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
