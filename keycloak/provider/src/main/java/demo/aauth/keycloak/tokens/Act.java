package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;

/**
 * {@code act}: the party that called the current requester (profile 4.4).
 *
 * @param agentDelegate null if the agent called without one
 * @param subject the user on whose behalf it called, or null
 * @param act the party that called that party, or null
 */
public record Act(String agent, String agentDelegate, String subject, Act act) {

    /** Above the depth of any issued delegation, and small enough to traverse. */
    private static final int MAX_DEPTH = 20;

    /**
     * @return null if there is none; throws {@code malformed_token} or {@code token_claim_missing}
     * if any part is malformed
     */
    static Act read(JsonNode claims) {
        return read(claims, 0);
    }

    private static Act read(JsonNode claims, int depth) {
        JsonNode act = claims.get("act");
        if (act == null) {
            return null;
        }
        if (depth > MAX_DEPTH || !act.isObject()) {
            throw Claims.malformed("act");
        }
        String agent = Claims.optionalString(act, "agent");
        if (agent == null) {
            throw Claims.missing("agent");
        }
        return new Act(agent, Claims.optionalString(act, "agent_delegate"), Claims.optionalString(act, "sub"), read(act, depth + 1));
    }

    /** Number of parties in the chain, this one included. */
    public int depth() {
        return act == null ? 1 : 1 + act.depth();
    }

    ObjectNode toJson() {
        ObjectNode json = Json.object().put("agent", agent);
        if (agentDelegate != null) {
            json.put("agent_delegate", agentDelegate);
        }
        if (subject != null) {
            json.put("sub", subject);
        }
        if (act != null) {
            json.set("act", act.toJson());
        }
        return json;
    }
}
