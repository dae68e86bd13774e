package demo.aauth.keycloak.granttypes;

import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.keys.Ed25519Key;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.support.FakeWorld;
import demo.aauth.keycloak.support.TestKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** Hole J9. */
class RedirectUriCheckTest {

    private static final String AGENT = "https://agent.example";

    private final FakeWorld world = new FakeWorld();
    private final Ed25519Key key = Ed25519Key.of(TestKey.generate().x());
    private final Requester requester = new Requester(AGENT, null, true, key, true);

    private void publish(String redirectUris) {
        world.put(AGENT + "/.well-known/aauth-agent",
                "{\"agent\":\"" + AGENT + "\",\"jwks_uri\":\"" + AGENT + "/jwks.json\"" + redirectUris + "}");
    }

    private void take(String redirectUri, boolean development) {
        RedirectUriCheck.require(redirectUri, requester, world.discovery(), development);
    }

    private void refuse(String redirectUri, boolean development) {
        OAuthException refusal = assertThrows(OAuthException.class, () -> take(redirectUri, development));
        assertEquals(List.of(400, "invalid_request"), List.of(refusal.status(), refusal.error()));
    }

    @ParameterizedTest
    @ValueSource(strings = {AGENT + "/cb/", AGENT + "/cb?x", AGENT + "/cb#x", AGENT + "/other", "https://agent.example:8443/cb", ""})
    void takesWhatIsPublishedToTheLetter(String other) {
        publish(",\"redirect_uris\":[\"" + AGENT + "/cb\"]");
        for (boolean development : new boolean[] {true, false}) {
            take(AGENT + "/cb", development);
            refuse(other, development);
        }
    }

    @Test
    void anAgentThatPublishesNoneIsReturnedToInDevelopmentOnly() {
        publish("");
        take(AGENT + "/anywhere?x=1", true);
        refuse(AGENT + "/anywhere?x=1", false);
    }

    @Test
    void anEmptyListIsNobodysAddress() {
        publish(",\"redirect_uris\":[]");
        refuse(AGENT + "/cb", true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://user@agent.example/cb", "https://@agent.example/cb", "http://agent.example/cb",
        "https://other.example/cb",
        "https://agent.example:8443/cb", "https://agent.example/cb#x", "javascript:alert(1)", "/cb"})
    void inDevelopmentOnlyAtItsOwnOrigin(String redirectUri) {
        publish("");
        take("https://agent.example:443/cb", true);
        refuse(redirectUri, true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://accounts.google.com@evil.example/cb", "https://bank.example:443@agent.example/cb",
        "https://:pw@agent.example/cb", "https://@agent.example/cb"})
    void noneWithCredentialsEvenIfItIsPublished(String redirectUri) {
        publish(",\"redirect_uris\":[\"" + redirectUri + "\"]");
        refuse(redirectUri, true);
        refuse(redirectUri, false);
    }

    @Test
    void nobodyInParticularIsReturnedTo() {
        Requester pseudonymous = new Requester("pseudonymous:" + key.thumbprint(), null, false, key, true);
        assertThrows(OAuthException.class, () -> RedirectUriCheck.require(AGENT + "/cb", pseudonymous, world.discovery(), true));
    }

    @Test
    void anAgentThatCannotBeAskedIsNotReturnedTo() {
        refuse(AGENT + "/cb", true);
    }
}
