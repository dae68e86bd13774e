import { describe, expect, test } from "vitest";
import {
  afterChecks,
  type Message,
  messageAnswers,
  partyName,
  type VerifierSide,
} from "../../src/run/index.ts";
import { recordedRun } from "./recorded-trace.ts";

const delegated = recordedRun("user-delegated").messages;

test("a call with an auth token: who, with which key, for whom, allowed by what, and that it passed", () => {
  const answers = messageAnswers(delegated[9]!);
  expect(answers.signedBy).toMatch(/proven to be http:\/\/supply-chain-agent\.localhost:\d+\.$/);
  expect(answers.key).toMatch(/^Ed25519 key .*thumbprint [\w-]{43}; the auth token names it/);
  expect(answers.onBehalfOf).toMatch(/^The user [\w-]+\. Requested by http:\/\/backend\.localhost:\d+\.$/);
  expect(answers.allowedBy).toMatch(/^Auth token .* scope market-analysis:analyze, until 20/);
  expect(answers.verdict).toContain("Gateway, Market-analysis agent");
});

test("a challenge: what failed, with its code, and what is wanted", () => {
  const { verdict, key } = messageAnswers(delegated[1]!);
  expect(verdict).toMatch(/Challenged by Supply-chain agent .* “requirement” .*\(authorization_required\)/);
  expect(verdict).toMatch(/from http:\/\/localhost:\d+\/realms\/aauth-test with scope supply-chain:optimize/);
  // Scheme jwks names an identity and a key id, but not the kind of key.
  expect(key).toMatch(/^Key backend-ephemeral-1, thumbprint/);
});

test("a token request: its parameters and its outcome", () => {
  expect(messageAnswers(delegated[2]!).verdict).toContain("the user must consent first");
  expect(messageAnswers(delegated[5]!).allowedBy).toContain("the user’s consent");
  expect(messageAnswers(delegated[8]!).allowedBy).toContain("the caller’s auth token");
  expect(messageAnswers(delegated[8]!).verdict).toMatch(/issued auth token .* scope market-analysis:analyze/);
});

test("a pseudonymous caller is shown without a name", () => {
  const { signedBy, key, allowedBy } = messageAnswers(recordedRun("signature-only-hwk").messages[1]!);
  expect(signedBy).toContain("pseudonymous");
  expect(key).toMatch(/^Ed25519 key.*it is in the request/);
  expect(allowedBy).toContain("Its signature only");
});

test("a refused message names the verifier, the check and the code", () => {
  const message = recordedRun("changed-path").messages[0]!;
  expect(messageAnswers(message).verdict).toMatch(/Gateway .*“signature”.*\(invalid_signature\)/);
  expect(afterChecks(message)).toBeUndefined();
});

describe("S4: a message that another key has signed", () => {
  const bound = delegated[9]!;
  /**
   * The recorded call, as a thief would have sent it: refused at the gateway, which verified with
   * the key of the token.
   */
  const stolen = (verified: Partial<VerifierSide>): Message => {
    const { agentLevel: _, agentId: _id, userSub: _sub, ...gateway } = bound.verifiers[0]!;
    const signer = { ...bound.signer!, party: "thief", kid: "thief-1", thumbprint: "T".repeat(43) };
    const verifier = { ...gateway, verdict: "refused" as const, errorCode: "invalid_signature", ...verified };
    return { ...bound, from: "thief", status: 401, outcome: "refused", signer, verifiers: [verifier] };
  };

  test("S4: is the thief's, for no person, and allowed by nothing", () => {
    for (const keySource of ["auth-token", "agent-token", "person-token"]) {
      expect(messageAnswers(stolen({ keySource }))).toMatchObject({
        signedBy: "Thief; not verified by a receiver.",
        key: `Key thief-1, thumbprint ${"T".repeat(43)}. The token is bound to another key: refused.`,
        onBehalfOf: "No person: the token is bound to another key.",
        allowedBy: "Nothing: the token is bound to another key.",
      });
    }
  });

  test("S4: under a name or with a key in the request is not that name's, either", () => {
    const keys = ["discovery", "discovery-cache", "header"].map(
      (keySource) => messageAnswers(stolen({ keySource })).key,
    );
    const published = expect.stringMatching(
      /^Key thief-1, .*\. The signer publishes another key: refused\.$/,
    );
    const named = expect.stringMatching(/^Key thief-1, .*\. The request names another key: refused\.$/);
    expect(keys).toEqual([published, published, named]);
  });

  test("is in a separate column", () => {
    expect(partyName("thief")).toBe("Thief");
    expect(partyName("other-agent")).toBe("Another agent");
  });
});

test("a request that no key has signed proves nothing", () => {
  const { base: _, scheme: _scheme, kid: _kid, ...signer } = delegated[9]!.signer!;
  const bearer = { ...delegated[9]!, verifiers: [], signer };
  expect(messageAnswers(bearer)).toMatchObject({
    signedBy: "No agent: the request is not signed.",
    key: "None.",
    onBehalfOf: "No person: the request is not signed.",
    allowedBy: "Nothing: the request is not signed.",
  });
});

test("a user whom the asker knows is called by name as well", () => {
  const { userSub } = delegated[9]!.verifiers.at(-1)!;
  const nameOf = (sub: string) => (sub === userSub ? "mcp user" : undefined);
  expect(messageAnswers(delegated[9]!, nameOf).onBehalfOf).toContain(`The user mcp user (${userSub}).`);
});

describe("turned down after every check had passed", () => {
  const refused = recordedRun("refused-by-policy").messages.at(-1)!;
  const byAgent = (status: number, body: string): Message => {
    const { stoppedAt: _gateway, ...message } = refused;
    return { ...message, status, isReceived: true, response: { body } };
  };

  test("only 403 of the gateway is a policy", () => {
    expect(afterChecks(refused)).toBe("policy");
    for (const status of [404, 429]) expect(afterChecks({ ...refused, status })).toBe("answered");
  });

  test("an agent's own refusal is not a policy's, and names its code", () => {
    const message = byAgent(403, '{"error":"order_declined","detail":"…"}');
    expect(messageAnswers(message).verdict).toContain("403 (order_declined)");
  });

  test("an agent that records no spans says its code in the answer", () => {
    const message: Message = {
      ...byAgent(429, "Too many requests for this level"),
      response: { headers: { "aauth-refusal": 'code=limit_reached, section="profile 3.1"' } },
    };
    expect(messageAnswers(message).verdict).toContain("429 (limit_reached)");
  });
});

test("a challenge for the user says where, without what opens the page", () => {
  const url = "http://sca.localhost:3000/interaction";
  const challenged: Message = {
    ...delegated[1]!,
    verifiers: [],
    response: { headers: { "agent-auth": `httpsig; user_interaction="${url}?session=secret"` } },
  };
  const { verdict } = messageAnswers(challenged);
  expect(verdict).toContain(`It requires a user interaction at ${url}.`);
  expect(verdict).not.toContain("secret");
});

test("an interaction at the consent page, and the way back", () => {
  expect(messageAnswers(delegated[3]!)).toMatchObject({
    signedBy: expect.stringMatching(/^No agent/),
    allowedBy: expect.stringContaining("request token"),
    verdict: expect.stringContaining("its consent page"),
  });
  expect(messageAnswers(delegated[4]!).verdict).toContain("the backend redeems the code");
  const denied: Message = { ...delegated[4]!, outcome: "refused", errorCode: "access_denied" };
  expect(messageAnswers(denied).verdict).toContain("did not consent: access_denied");
  expect(messageAnswers(denied).allowedBy).toContain("instead of a code");
  const otherUser: Message = { ...denied, errorCode: "wrong_user" };
  expect(messageAnswers(otherUser).verdict).toContain("was not valid: wrong_user");
  for (const message of [delegated[4]!, otherUser])
    expect(messageAnswers(message).allowedBy).toContain("and the auth server’s code");
});

test("what the browser sends is not signed", () => {
  expect(messageAnswers(delegated[0]!)).toMatchObject({ key: "None.", onBehalfOf: "The signed-in user." });
});
