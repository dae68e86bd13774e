package demo.aauth.keycloak.storage;

import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.SingleUseObjectProvider;

/** AAuth state that outlives a request. A realm's secrets are only valid in that realm. */
public final class Grants {

    public static final int CODE_LIFESPAN_SECONDS = 60;

    private final PendingConsents consentRequests;
    private final Secrets<ConsentedRequest> codes;
    private final Secrets<RefreshGrant> refreshTokens;
    private final Secrets<ShownConsent> shownConsents;

    public Grants(KeycloakSession session, RealmModel realm) {
        SingleUseObjectProvider store = session.singleUseObjects();
        String scope = realm.getId() + ".";
        consentRequests = new PendingConsents(store, scope + "request");
        codes = new Secrets<>(store, scope + "code", ConsentedRequest::toNotes, ConsentedRequest::of);
        refreshTokens = new Secrets<>(store, scope + "refresh", RefreshGrant::toNotes, RefreshGrant::of);
        shownConsents = new Secrets<>(store, scope + "consent", ShownConsent::toNotes, ShownConsent::of);
    }

    /** Requests that a user has to decide on, identified by request tokens. */
    public PendingConsents consentRequests() {
        return consentRequests;
    }

    /** Requests that a user has agreed to, identified by codes. */
    public Secrets<ConsentedRequest> codes() {
        return codes;
    }

    public Secrets<RefreshGrant> refreshTokens() {
        return refreshTokens;
    }

    /** Consent pages shown to a user, by the value in their form. */
    public Secrets<ShownConsent> shownConsents() {
        return shownConsents;
    }
}
