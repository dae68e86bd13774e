import { describe, expect, test } from "vitest";
import { type Message, messageSentence } from "../../src/run/index.ts";
import { recordedRun } from "./recorded-trace.ts";

const sentences = (name: Parameters<typeof recordedRun>[0]) =>
  recordedRun(name).messages.map((message) => messageSentence(message));

test("describes a user-delegated run of February as a dialogue", () => {
  const [first, challenged, asked, sent, back, redeemed, served, , exchanged] = sentences("user-delegated");
  expect(first).toBe("You ask Backend; from here on, each agent signs with its own key.");
  expect(challenged).toBe(
    "Backend calls Supply-chain agent, signed with its own key. Supply-chain agent: “No. I need an auth token, which works only with your key.”",
  );
  expect(asked).toContain("Auth server: “Not yet. The user must agree first.”");
  expect(sent).toBe("You are sent to the page of Auth server to decide.");
  expect(back).toBe("You come back, and the run continues.");
  expect(redeemed).toContain("“Here it is. It works only with your key.”");
  expect(served).toContain("calls Supply-chain agent, signed with its own key and with an auth token");
  expect(served).toContain("“Yes. The token is bound to the key that signed: here is the answer.”");
  expect(exchanged).toContain("on behalf of its caller");
});

test("a signature alone is enough where no token is asked for", () => {
  expect(sentences("signature-only-hwk")[1]).toContain(
    "“Yes. Your signature is enough: here is the answer.”",
  );
});

test("an order needs the user", () => {
  expect(sentences("order")[1]).toContain("“No. I need the user to decide on my own page.”");
});

test("a refusal names the check or the policy, and the party that refused", () => {
  expect(sentences("changed-path")).toEqual([
    "Backend calls Supply-chain agent, signed with its own key. Gateway: “No. Your message failed the signature check.”",
  ]);
  expect(sentences("refused-by-policy")[1]).toContain(
    "Gateway: “No. Your signature is valid, but my policy does not allow you.”",
  );
});

describe("an attack", () => {
  const [, call] = recordedRun("signature-only-hwk").messages;
  const message = (change: Partial<Message>) => messageSentence({ ...call!, ...change, isTampered: true });

  test("that repeats a message is refused as one that was seen before", () => {
    const checks = [{ name: "replay", verdict: "failed", section: "" }] as const;
    const verifiers = [{ ...call!.verifiers[0]!, verdict: "refused", checks }] as const;
    const replayed = message({ attempt: 2, outcome: "refused", status: 401, verifiers });
    expect(replayed).toContain("sends Supply-chain agent the same bytes again, with the same signature");
    expect(replayed).toContain("“No. I have already received this message.”");
  });

  test("without a signature is not said to have one", () => {
    const signer = { party: "intruder", components: [] };
    const page = { from: "intruder", to: "person-server", method: "GET", signer, verifiers: [] } as const;
    expect(message({ ...page, status: 303 })).toBe(
      "Intruder’s browser opens a page of Person server, without a signature. Person server: “Go to another page first.”",
    );
    expect(message({ ...page, status: 410, outcome: "refused" })).toContain("Person server: “No.”");
  });

  test("on a token of another issuer is not said to have taken it back", () => {
    const revoked = message({ requestType: "revocation", to: "person-server", stoppedAt: undefined });
    expect(revoked).toContain("“Recorded, for tokens that you issued.”");
  });
});

describe("draft -11", () => {
  const [call] = recordedRun("signature-only-hwk").messages.slice(1);
  const message = (change: Partial<Message>) => messageSentence({ ...call!, ...change });
  const requires = (requirement: string) => ({ headers: { "aauth-requirement": requirement } });

  test("a challenge says which token shows what", () => {
    const challenge = { outcome: "challenged", status: 401 } as const;
    expect(message({ ...challenge, response: requires("requirement=person-token") })).toContain(
      "“No. I need a person token, which shows whom you act for.”",
    );
    expect(message({ ...challenge, response: requires("requirement=auth-token") })).toContain(
      "an auth token, which shows what that person allows",
    );
  });

  test("an access server's token is for the key of the agent, not of the person server", () => {
    const [issued] = recordedRun("user-delegated").messages.filter(
      ({ requestType }) => requestType === "code",
    );
    const federated = { ...issued!, requestType: "auth-token", from: "person-server", to: "access-server" };
    expect(messageSentence(federated)).toContain("“Here it is. It works only with the agent’s key.”");
  });

  test("a deferred response is not a refusal", () => {
    const waits = { outcome: "waiting", status: 202, purpose: "token" } as const;
    expect(
      message({ ...waits, requestType: "person-token", response: requires("requirement=interaction") }),
    ).toContain("“Not yet. A person decides first.”");
    expect(message({ ...waits, requestType: "poll" })).toContain(
      "asks again whether there is a decision. Supply-chain agent: “Not yet.”",
    );
    expect(message({ outcome: "pending" })).toMatch(/No answer yet\.$/);
    expect(message({ outcome: "handed-back", status: 424 })).toContain("I cannot reach the person");
  });
});

test("names that a record states select no member that every object has", () => {
  const [call] = recordedRun("signature-only-hwk").messages.slice(1);
  const foreign = { ...call!, requestType: "constructor", outcome: "challenged", status: 401 } as const;
  const response = { headers: { "aauth-requirement": "requirement=constructor" } };
  expect(messageSentence({ ...foreign, response })).toMatch(
    /calls Supply-chain agent, signed with its own key\. .*: “No\. I need further authorization\.”$/,
  );
});
