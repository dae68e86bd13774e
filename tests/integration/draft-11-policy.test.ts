/** The demo in draft -11 behind agentgateway/config-draft-11-policy.yaml. */

import { generateSigningKey, signRequest } from "aauth";
import { february2026 } from "aauth/february-2026";
import { parseRefusal } from "aauth/resource";
import { installLocalhostLookup } from "agent-kit/service";
import { afterEach, expect, test } from "vitest";
import { signIn } from "../support/optimization-run.ts";
import { decideAtPages } from "../support/person-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

let stack: TestStack;
afterEach(() => stack?.stop());

test.each(["agent-identity", "person-identity", "person-server", "federated"] as const)(
  "the rules let a run of mode %s through, and no other caller",
  async (mode) => {
    const policyFile = "agentgateway/config-draft-11-policy.yaml";
    const env = { "person-server": { PERSON_SERVER_CONSENT_SCOPES: "market-analysis:analyze" } };
    stack = await startStack({ modes: { profile: "draft-11", mode, policyFile }, env });
    const user = await signIn(stack);
    const { end } = await decideAtPages(user, await user.run());
    expect(end).toMatchObject({ status: "completed" });
    const unsigned = await fetch(stack.urls.supplyChainAgent, { method: "POST", body: "{}" });
    expect(unsigned.status).toBe(401);
    expect(unsigned.headers.get("aauth-requirement")).toBe("requirement=agent-token");
    expect(unsigned.headers.get("signature-error")).toBe("error=invalid_signature");
    // Valid in February's profile, for the gateway as it is called.
    const url = `${stack.urls.supplyChainAgent}/`;
    const { headers } = await signRequest(
      { method: "GET", url },
      { profile: february2026, key: await generateSigningKey({ kid: "k" }), signatureKey: { scheme: "hwk" } },
    );
    const february = await fetch(url, { headers });
    expect(february.status).toBe(401);
    expect(parseRefusal(february.headers.get("aauth-refusal"))).toMatchObject({
      code: "profile_not_accepted",
      by: "gateway",
    });
  },
);
