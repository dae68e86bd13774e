import { describe, expect, test } from "vitest";
import { type Message, messageAnswers, type VerifierSide } from "../../src/run/index.ts";
import { shownVerdict, withRefusalOfAnswer } from "../../src/run/refused-by-answer.ts";
import { recordedRun } from "./recorded-trace.ts";

const delegated = recordedRun("user-delegated").messages;
const passed = (party: string, facts: Partial<VerifierSide> = {}): VerifierSide => ({
  party,
  spanId: party,
  verdict: "passed",
  components: [],
  checks: [{ name: "signature", verdict: "passed", section: "RFC 9421 3.2" }],
  ...facts,
});
const answered = (to: string, answer: object, more: Partial<Message> = {}) => ({
  to,
  stoppedAt: undefined,
  requestType: undefined,
  ...more,
  outcome: more.outcome ?? "refused",
  purpose: more.purpose ?? "token",
  response: { ...more.response, body: JSON.stringify(answer) },
});
const failedIn = (verifiers: readonly VerifierSide[]) =>
  verifiers.map(({ verdict, errorCode, checks }) => {
    const { name, reason, section } = checks.find((check) => check.verdict === "failed") ?? {};
    return { verdict, errorCode, name, reason, section };
  });

describe("a server that refuses after its checks have passed", () => {
  const draft11 = { profile: "draft-11" };
  test.each([
    ["auth-server", "invalid_grant", {}, "resource token", "profile 6.2"],
    ["person-server", "invalid_resource_token", draft11, "resource token", "draft -11, section 11.9.3"],
    ["access-server", "invalid_presented_token", draft11, "presented token", "draft -11, section 11.9.3"],
  ])("%s, %s: the token that it names has failed", (party, error, facts, name, section) => {
    const message = answered(party, { error, error_description: "not signed by its issuer" });
    const sides = withRefusalOfAnswer(message, [passed(party, { ...facts, errorCode: error })]);
    const reason = "not signed by its issuer";
    expect(failedIn(sides)).toEqual([{ verdict: "refused", errorCode: error, name, reason, section }]);
  });

  test("without a code on its span is known by its answer", () => {
    const sides = withRefusalOfAnswer(answered("auth-server", { error: "invalid_grant" }), [
      passed("auth-server"),
    ]);
    expect(failedIn(sides)).toMatchObject([{ errorCode: "invalid_grant", name: "resource token" }]);
  });

  test("with an error that names no token has refused, at no check", () => {
    const side = passed("person-server", { errorCode: "denied" });
    const sides = withRefusalOfAnswer(answered("person-server", { error: "denied" }), [side]);
    expect(failedIn(sides)).toMatchObject([{ verdict: "refused", name: undefined }]);
  });

  test("with a code in place of a grant names that grant", () => {
    const code = { requestType: "code" };
    const message = answered("auth-server", { error: "invalid_grant" }, code);
    const sides = withRefusalOfAnswer(message, [passed("auth-server")]);
    expect(failedIn(sides)).toMatchObject([{ name: "authorization code" }]);
  });
});

test("the check in the refusal field replaces what the span says of it", () => {
  const headers = { "aauth-refusal": 'code=invalid_signature, check=signature, section="RFC 9421 3.2"' };
  const message = answered("agent", {}, { purpose: "resource", response: { headers } });
  const [side] = withRefusalOfAnswer(message, [passed("agent")]);
  expect(side).toMatchObject({
    verdict: "refused",
    errorCode: "invalid_signature",
    checks: [{ name: "signature", verdict: "failed" }],
  });
});

test("a verifier that let the message on, and one of an accepted message, have passed", () => {
  const both = [passed("agentgateway"), passed("auth-server")];
  const refused = answered("auth-server", { error: "invalid_grant" });
  expect(failedIn(withRefusalOfAnswer(refused, both)).map(({ verdict }) => verdict)).toEqual([
    "passed",
    "refused",
  ]);
  expect(withRefusalOfAnswer({ ...refused, outcome: "accepted" }, both)).toEqual(both);
});

test("the party that refuses a message is shown to have refused it, and the one before it not", () => {
  const message = { outcome: "refused", to: "agent", stoppedAt: undefined } as const;
  const [gateway, agent] = [passed("agentgateway"), passed("agent")];
  expect([gateway, agent].map((side) => shownVerdict(message, side))).toEqual(["passed", "refused"]);
  expect(shownVerdict({ ...message, stoppedAt: "agentgateway" }, gateway)).toBe("refused");
  expect(shownVerdict({ ...message, outcome: "accepted" }, agent)).toBe("passed");
});

test("the waterfall marks the verifier of a message that its party refused after its checks", () => {
  const { messages, waterfall } = recordedRun("refused-by-policy");
  const refused = messages.find(({ outcome }) => outcome === "refused");
  const verdicts = waterfall.flatMap(({ messageId, verdict }) =>
    messageId === refused?.id ? (verdict ?? []) : [],
  );
  expect(verdicts).toEqual(["refused"]);
});

describe("the answers about a refused message allow nothing", () => {
  const call = delegated[9]!;
  /** The recorded call, refused at the gateway at one check. */
  const refusedAt = (name: string, errorCode: string): Message => {
    const { agentLevel: _, agentId: _id, userSub: _sub, ...gateway } = call.verifiers[0]!;
    const checks = gateway.checks.map((check) =>
      check.name === name ? { ...check, verdict: "failed" as const } : check,
    );
    const verifier = { ...gateway, verdict: "refused" as const, errorCode, checks };
    return { ...call, status: 401, outcome: "refused", verifiers: [verifier] };
  };

  test("a replay: its token is presented, and its signature verified", () => {
    const { signedBy, allowedBy } = messageAnswers(refusedAt("replay", "nonce_replayed"));
    expect(signedBy).toBe(
      "Supply-chain agent; signature verified by Gateway, message refused at its check “replay”.",
    );
    expect(allowedBy).toMatch(/^Nothing\. Presented, not accepted: auth token \S+, issued by /);
  });

  test("a changed token only claims to be from its issuer, and names no person", () => {
    const { allowedBy, onBehalfOf } = messageAnswers(refusedAt("token", "invalid_token_signature"));
    expect(allowedBy).toMatch(
      /^Nothing\. Presented, not accepted: a token that claims to be from http\S+; its signature does not verify\.$/,
    );
    expect(onBehalfOf).toBe("No person: the signature of the token does not verify.");
  });

  test("a forged resource token is not the challenge's", () => {
    const request: Message = { ...delegated[2]!, ...answered("auth-server", { error: "invalid_grant" }) };
    const verifiers = withRefusalOfAnswer(request, request.verifiers);
    const { allowedBy, verdict } = messageAnswers({ ...request, status: 400, verifiers });
    expect(allowedBy).toBe("Nothing. Presented, not accepted: a resource token.");
    expect(verdict).toBe(
      "Refused by Auth server with status 400: check “resource token” failed (invalid_grant).",
    );
  });
});
