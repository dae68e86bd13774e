import { describe, expect, test } from "vitest";
import { ATTRIBUTE as A } from "../../src/run/attribute-names.ts";
import {
  type Message,
  messageAnswers,
  messageMeaning,
  messageSentence,
  readProtocolRun,
  sectionLinks,
} from "../../src/run/index.ts";

interface Sent {
  readonly service?: string;
  readonly url?: string;
  readonly method?: string;
  readonly purpose?: "token" | "resource";
  readonly body?: object;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer?: object;
  readonly tags?: Readonly<Record<string, string | number | boolean>>;
}

const PS = "https://person-server.localhost";
const PENDING = `${PS}/aauth/pending/1`;
const INTERACTION = `requirement=interaction; url="${PS}/interaction"; code="…"`;

/** A run of draft -11, a client span for each message, a second apart. */
function runOf(...messages: readonly Sent[]) {
  const spans = messages.map((sent, index) => {
    const { service = "supply-chain-backend", url = `${PS}/aauth/person`, method = "POST" } = sent;
    const { purpose = "token", body, status, headers = {}, answer, tags = {} } = sent;
    const all = {
      "span.kind": "client",
      [A.role]: "signer",
      [A.signatureProfile]: "draft-11",
      [A.signatureScheme]: "jwt",
      [A.method]: method,
      [A.url]: url,
      [A.purpose]: purpose,
      ...(body && { [A.requestBody]: JSON.stringify(body) }),
      ...(status && { [A.status]: status }),
      [A.responseHeaders]: JSON.stringify(headers),
      ...(answer && { [A.responseBody]: JSON.stringify(answer) }),
      ...tags,
    };
    return {
      traceID: "1",
      spanID: `${index}`,
      operationName: "",
      processID: service,
      duration: 1000,
      startTime: index * 1_000_000,
      references: [],
      logs: [],
      tags: Object.entries(all).map(([key, value]) => ({ key, value })),
    };
  });
  const processes = Object.fromEntries(spans.map(({ processID }) => [processID, { serviceName: processID }]));
  return readProtocolRun([{ data: [{ spans, processes }] }]);
}

const only = (sent: Sent): Message => runOf(sent).messages[0]!;

describe("an attack", () => {
  test("with a revocation is not read as a request for claims, whatever it was signed for", () => {
    const body = { jti: "1", exp: 2 };
    for (const purpose of ["token", "resource"] as const) {
      const message = only({ purpose, body, status: 200, tags: { [A.signatureScheme]: "jwks_uri" } });
      expect(message).toMatchObject({ requestType: "revocation", what: "revocation of a token" });
      expect(messageAnswers(message).onBehalfOf).toBe(
        "No person: Backend signs in its own name, as a server.",
      );
    }
  });

  test("names its tampered message, among the honest ones", () => {
    const url = `${PS}/interaction/returned/abc…`;
    const run = runOf(
      { body: { resource: "https://r.example" }, status: 202 },
      {
        url,
        method: "GET",
        purpose: "resource",
        status: 303,
        tags: { [A.party]: "intruder", [A.tampered]: true },
      },
    );
    expect(run.messages.map(({ isTampered = false }) => isTampered)).toEqual([false, true]);
    expect(run.messages[1]).toMatchObject({ from: "intruder", what: "GET /interaction/returned/abc…" });
    expect(run.parties.map(({ name }) => name)).toContain("Intruder’s browser");
  });
});

describe("parties", () => {
  test("a span that names its party stands for that one, whatever its service", () => {
    const run = runOf({ service: "auth-server", tags: { [A.party]: "person-server" }, status: 200 });
    expect(run.messages[0]).toMatchObject({ from: "person-server" });
  });

  test("a server without spans is known by its identifier", () => {
    const run = runOf({ status: 200 }, { url: "https://ps.example/token", status: 200 });
    expect(run.parties.map(({ name }) => name)).toEqual(["Person server", "Backend", "ps.example"]);
  });
});

describe("an answer that comes later", () => {
  const waiting = { body: { resource: "https://r.example" }, status: 202 };
  const headers = { location: "/aauth/pending/1", "aauth-requirement": INTERACTION };
  const poll = { url: PENDING, method: "GET" };

  test("sends the person to the page once, is polled, and is not a refusal", () => {
    const { messages } = runOf(
      { ...waiting, headers },
      { ...poll, status: 202, headers },
      { ...poll, status: 200, answer: { person_token: "…" } },
    );
    expect(messages.map(({ what, outcome }) => `${what}: ${outcome}`)).toEqual([
      "token request: person-token: waiting",
      "sent to the page of the interaction: accepted",
      "poll for the answer: waiting",
      "poll for the answer: accepted",
    ]);
    expect(messages[1]).toMatchObject({
      from: "supply-chain-ui",
      to: "person-server",
      url: `${PS}/interaction`,
    });
    expect(messageAnswers(messages[0]!).verdict).toMatch(
      /answers later \(status 202\): a person decides first/,
    );
    expect(messageAnswers(messages[1]!).verdict).toContain("was decided");
    expect(messages.map((message) => JSON.stringify(messageAnswers(message))).join()).not.toContain(
      "Refused",
    );
  });

  test("of a page that has not been left yet is still waited for", () => {
    const { messages } = runOf({ ...waiting, headers }, { ...poll, status: 202, headers });
    expect(messages[1]!.outcome).toBe("pending");
    expect(messageMeaning(messages[1]!, { messages })?.answer?.text).toContain("has not decided yet");
  });

  test("for an approval, or one that the person server asks for, sends no browser", () => {
    const approval = { ...headers, "aauth-requirement": "requirement=approval" };
    expect(runOf({ ...waiting, headers: approval }).messages).toHaveLength(1);
    const tags = { [A.party]: "person-server" };
    expect(runOf({ ...waiting, headers, tags, service: "auth-server" }).messages).toHaveLength(1);
  });

  test("of a resource is polled there, too", () => {
    const url = "https://supply-chain-agent.localhost/";
    const { messages } = runOf(
      { url, purpose: "resource", status: 202, headers: { ...headers, location: "/aauth/pending/2" } },
      { url: `${url}aauth/pending/2`, purpose: "resource", method: "GET", status: 200 },
      { url: `${url}aauth/pending/2`, purpose: "resource", method: "DELETE", status: 204 },
    );
    expect(messages.map(({ what }) => what)).toEqual([
      expect.any(String),
      "sent to the page of the interaction",
      "poll for the answer",
      "cancel the request",
    ]);
  });
});

test("an agent that waits itself sends a person on from its own page, after it was asked to show that", () => {
  const agent = "https://supply-chain-agent.localhost";
  const own = `requirement=interaction; url="${agent}/interaction"; code="…"`;
  const { messages } = runOf(
    {
      url: `${agent}/`,
      purpose: "resource",
      status: 202,
      headers: { location: "/aauth/pending/2", "aauth-requirement": own },
    },
    {
      service: "supply-chain-agent",
      status: 202,
      headers: { location: PENDING, "aauth-requirement": INTERACTION },
    },
    { body: { type: "interaction", url: `${agent}/interaction` }, status: 424 },
    { service: "supply-chain-agent", url: PENDING, method: "GET", status: 200 },
    { url: `${agent}/aauth/pending/2`, purpose: "resource", method: "GET", status: 200 },
  );
  expect(messages.map(({ what }) => what).slice(2, 5)).toEqual([
    "relayed interaction",
    "sent to the page of the interaction",
    "sent on to the page of the interaction",
  ]);
  expect(messages.map(({ to }) => to).slice(2, 5)).toEqual([
    "person-server",
    "supply-chain-agent",
    "person-server",
  ]);
});

test("424 of a relayed interaction hands it back to the agent, and is not a refusal", () => {
  const message = only({
    url: `${PS}/aauth/interaction`,
    body: { type: "interaction", url: "https://r.example/page" },
    status: 424,
    answer: { error: "interaction_unavailable" },
  });
  expect(message).toMatchObject({ outcome: "handed-back", what: "relayed interaction" });
  expect(messageAnswers(message).verdict).toContain("the agent shows the page itself");
  expect(messageMeaning(message, { messages: [message] })?.answer).toMatchObject({
    sections: ["draft -11, section 7.6.3"],
  });
});

const ERRORS = { error: "denied" };
const request = (body: object): Sent => ({ body, status: 200 });

/**
 * Messages of the demo's modes and failures, each with its title and the first section of its
 * answer.
 */
test.each<[string, Sent, string, string]>([
  ["a question answered", request({ action: "clarification_response" }), "Answer to a clarification", "11.8"],
  [
    "an updated request",
    request({ action: "updated_request", resource_token: "…" }),
    "Updated request",
    "11.8",
  ],
  ["claims", request({ email: "…" }), "Claims for the access server", "11.8"],
  ["a revocation", { ...request({ jti: "1" }), purpose: "resource" }, "Revocation of a token", "11.12"],
  [
    "a refused signature",
    { status: 401, headers: { "signature-error": "error=invalid_jwt" } },
    "Claims",
    "11.3.4",
  ],
  [
    "no agent token",
    { purpose: "resource", status: 401, headers: { "aauth-requirement": "requirement=agent-token" } },
    "Call",
    "6.1",
  ],
  [
    "a denied token request",
    { body: { resource: "r" }, status: 403, answer: ERRORS },
    "Person token request",
    "11.9.3",
  ],
  [
    "a refused relay",
    { body: { type: "interaction" }, status: 403, answer: ERRORS },
    "Relayed interaction",
    "7.6.3",
  ],
  ["a refused call", { purpose: "resource", status: 403 }, "Call with an agent token", "11.9"],
  [
    "a held request",
    {
      purpose: "resource",
      status: 202,
      headers: { "aauth-requirement": 'requirement=auth-token; resource-token="…"' },
    },
    "Call",
    "6.5.1",
  ],
  [
    "a question",
    { body: { resource: "r" }, status: 202, headers: { "aauth-requirement": "requirement=clarification" } },
    "Person token request",
    "7.5.1",
  ],
  [
    "an approval",
    { body: { resource: "r" }, status: 202, headers: { "aauth-requirement": "requirement=approval" } },
    "Person token request",
    "11.8",
  ],
  [
    "wanted claims",
    { body: { resource: "r" }, status: 202, headers: { "aauth-requirement": "requirement=claims" } },
    "Person token request",
    "9.2",
  ],
  [
    "an unknown requirement",
    { body: { resource: "r" }, status: 202, headers: { "aauth-requirement": "requirement=x" } },
    "Person token request",
    "11.8",
  ],
  ["a mission", request({ description: "d", resources: ["r"] }), "Mission proposal", "11.8"],
  ["an update", request({ action: "update", description: "d" }), "Mission update", "11.8"],
  ["a completion", request({ action: "completion", summary: "s" }), "Mission completion", "11.8"],
  [
    "a permission",
    { ...request({ action: "buy", parameters: { resource: "r" } }), answer: { permission: "granted" } },
    "Permission request",
    "7.7",
  ],
  ["a record", { ...request({ action: "buy", result: {} }), status: 201 }, "Audit record", "7.8"],
])("%s is explained", (_name, sent, title, section) => {
  const message = only(sent);
  const meaning = messageMeaning(message, { messages: [message] })!;
  expect(meaning.title).toContain(title);
  expect(meaning.answer?.sections[0]).toBe(`draft -11, section ${section}`);
  for (const part of [...meaning.request.sections, ...meaning.answer!.sections])
    expect(sectionLinks(part)).toHaveLength(1);
});

test.each([
  [{ permission: "granted" }, "“Yes. It is within your mission.”"],
  [{ permission: "denied", reason: "it is too much" }, "“No. Because it is too much.”"],
])("a permission is answered in words: %j", (answer, words) => {
  const message = only({ ...request({ action: "buy" }), answer });
  expect(messageSentence(message)).toContain(`asks for the permission`);
  expect(messageSentence(message)).toContain(words);
});

test("a token that is no longer valid is refused, and a new one requested", () => {
  const message = only({
    purpose: "resource",
    status: 401,
    headers: { "signature-error": "error=revoked_jwt", "aauth-requirement": "requirement=person-token" },
    tags: { [A.tokenSent]: JSON.stringify({ kind: "aa-auth+jwt", id: "1" }) },
  });
  const { text, sections } = messageMeaning(message, { messages: [message] })!.answer!;
  expect(text).toMatch(/Signature-Error is revoked_jwt\. It requires a new token: person-token\.$/);
  expect(sections[0]).toBe("draft -11, section 11.3.4");
});

test("a poll that ends without an answer names the error", () => {
  const { messages } = runOf(
    { status: 202, headers: { location: PENDING } },
    { url: PENDING, method: "GET", status: 403, answer: ERRORS },
  );
  expect(messageMeaning(messages[1]!, { messages })?.answer).toEqual({
    text: "The request has ended unsuccessfully: denied.",
    sections: ["draft -11, section 11.9.4"],
  });
});

test("a message of February's profile is not explained by the draft", () => {
  const message = only({ status: 200, tags: { [A.signatureProfile]: "february-2026" } });
  expect(messageMeaning(message, { messages: [message] })).toBeUndefined();
});
