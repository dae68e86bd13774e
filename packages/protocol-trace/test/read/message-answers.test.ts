import { expect, test } from "vitest";
import { decisiveCheck, messageAnswers } from "../../src/read/index.ts";
import { recordedRun } from "./recorded-trace.ts";

const delegated = recordedRun("user-delegated").messages;

test("a call with an auth token: who, with which key, for whom, allowed by what, and that it passed", () => {
  const answers = messageAnswers(delegated[7]!);
  expect(answers.signedBy).toMatch(
    /^Supply-chain agent, proven to be http:\/\/supply-chain-agent\.localhost:\d+\.$/,
  );
  expect(answers.key).toMatch(/thumbprint [\w-]{43}; the auth token names it \(cnf\.jwk\)/);
  expect(answers.onBehalfOf).toMatch(/^The user [\w-]+\. http:\/\/backend\.localhost:\d+ asked for it\.$/);
  expect(answers.allowedBy).toMatch(/^Auth token .* scope market-analysis:analyze, until 20/);
  expect(answers.verdict).toBe(
    "Accepted with status 200. Every check passed at: Gateway, Market-analysis agent.",
  );
});

test("a challenge: what failed, with its code, and what is wanted", () => {
  const { verdict } = messageAnswers(delegated[1]!);
  expect(verdict).toContain("Asked for more by Supply-chain agent with status 401");
  expect(verdict).toContain("check “requirement” failed");
  expect(verdict).toContain("(authorization_required)");
  expect(verdict).toMatch(
    /wants an auth token of http:\/\/localhost:\d+\/realms\/aauth-test, scope supply-chain:optimize/,
  );
});

test("a token request: for what it asks, and what came of it", () => {
  expect(messageAnswers(delegated[2]!).verdict).toContain("the user has to consent first");
  expect(messageAnswers(delegated[3]!).allowedBy).toContain("the user’s consent");
  expect(messageAnswers(delegated[6]!).allowedBy).toMatch(
    /resource token of the challenge before, and the caller’s auth token/,
  );
  expect(messageAnswers(delegated[6]!).verdict).toMatch(
    /It issued auth token .* scope market-analysis:analyze/,
  );
});

test("a pseudonymous caller has no name, and says so", () => {
  const [, first] = recordedRun("signature-only-hwk").messages;
  expect(messageAnswers(first!).signedBy).toContain("pseudonymous");
  expect(messageAnswers(first!).key).toContain("it came in the request itself");
  expect(messageAnswers(first!).allowedBy).toContain("Nothing but its signature");
});

test("a refused message names the gate, the check, the reason and the code", () => {
  const [message] = recordedRun("changed-path").messages;
  expect(messageAnswers(message!).verdict).toBe(
    "Refused by Gateway with status 401: check “signature” failed: the signature does not verify (invalid_signature).",
  );
  expect(messageAnswers(message!).signedBy).toContain("no receiver has proven it");
  expect(decisiveCheck(message!)).toMatchObject({
    gate: { party: "agentgateway" },
    check: { name: "signature" },
  });
});

test("a policy that refuses is told from a check that fails", () => {
  const message = recordedRun("refused-by-policy").messages.at(-1)!;
  expect(messageAnswers(message).verdict).toContain("its policy does not allow this caller");
  expect(decisiveCheck(message)).toBeUndefined();
});

test("what the browser sends is not signed", () => {
  expect(messageAnswers(delegated[0]!)).toMatchObject({ key: "None.", onBehalfOf: "The signed-in user." });
});
