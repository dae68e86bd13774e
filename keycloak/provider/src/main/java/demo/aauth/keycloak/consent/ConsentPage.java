package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.policy.IdentityScope;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.storage.ConsentRequest;
import jakarta.ws.rs.core.Response;
import org.keycloak.forms.login.LoginFormsProvider;
import org.keycloak.models.UserModel;

import java.util.HashMap;
import java.util.Map;

/**
 * Asks a signed-in person whether an agent may act for them, on a page of the realm's login theme.
 */
final class ConsentPage {

    private static final String TEMPLATE = "aauth-consent.ftl";

    private ConsentPage() {
    }

    /**
     * @param consentCode single-use value that binds the decision to this page and this browser
     * @param rememberedSeconds seconds the decision is remembered
     */
    static Response render(
            AAuthRealm realm, ConsentRequest request, UserModel user, String consentCode, Policy policy, int rememberedSeconds) {
        RequestDescription description = RequestDescription.of(request, realm.discovery());
        Map<String, Object> consent = new HashMap<>();
        consent.put("action", realm.endpoint("/agent/auth/consent"));
        consent.put("code", consentCode);
        consent.put("username", user.getUsername());
        consent.put("agent", request.agent());
        consent.put("agentDelegate", description.agentDelegate());
        consent.put("agentName", description.agentName());
        consent.put("resource", request.resource());
        consent.put("own", request.agent().equals(request.resource()) && !description.identityScopes().isEmpty());
        consent.put("scopes", description.scopes().stream().map(ConsentPage::scope).toList());
        consent.put("identityScopes", description.identityScopes().stream().map(ConsentPage::identityScope).toList());
        consent.put("returnsTo", description.returnsTo());
        consent.put("minutes", Math.max(1, rememberedSeconds / 60));

        Response page = realm.session().getProvider(LoginFormsProvider.class).setUser(user).setAttribute("consent", consent)
                .createForm(TEMPLATE);
        return ConsentPageHeaders.add(page, realm, policy, request.redirectUri());
    }

    private static Map<String, Object> scope(RequestDescription.Scope scope) {
        Map<String, Object> shown = new HashMap<>();
        shown.put("name", scope.name());
        shown.put("description", scope.description());
        return shown;
    }

    /** The theme's messages contain its description. */
    private static Map<String, Object> identityScope(IdentityScope scope) {
        return Map.of("name", scope.word());
    }
}
