import { ATTRIBUTE as A, EVENT, SPAN, type TracedCheck, type TracedToken } from "aauth-explain/trace-names";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runWithConsent } from "./consent-run.ts";
import { signIn, WITH_MARKET_ANALYSIS } from "./optimization-run.ts";
import {
  newTrace,
  type SeenSpan,
  servicesShowingTokens,
  spansOf,
  UNREDACTED,
  wholeTrace,
} from "./run-trace.ts";
import { startStack, type TestStack, type TestStackOptions } from "./start-stack.ts";

const ALL_SERVICES = [
  "agentgateway",
  "auth-server",
  "gateway-authz",
  "market-analysis-agent",
  "supply-chain-agent",
  "supply-chain-backend",
];

const jsonOf = <T>(span: SeenSpan, name: string): T => JSON.parse(String(span.tags[name])) as T;
const isError = ({ tags }: SeenSpan) => tags.error === true;

/** Facts that a person must be able to read in the traces of the flows, with either trace store. */
export function traceFlowTests(options: Pick<TestStackOptions, "modes" | "processes"> = {}): void {
  describe("autonomous", () => {
    let stack: TestStack;
    let spans: SeenSpan[];
    beforeAll(async () => {
      stack = await startStack({
        ...options,
        modes: { ...options.modes, authorizationScheme: "autonomous" },
      });
      expect((await (await signIn(stack)).run()).status).toBe("completed");
      spans = await wholeTrace(
        stack.urls.traces,
        SPAN.startOptimization,
        (seen) =>
          seen.some(({ name }) => name.startsWith("POST /optimization")) && attempts(seen).length === 6,
      );
    });
    afterAll(() => stack?.stop());

    const attempts = (seen: readonly SeenSpan[]) => seen.filter(({ tags }) => tags[A.role] === "signer");
    const toResource = (service: string) =>
      attempts(spans).filter(({ tags, service: from }) => from === service && tags[A.purpose] === "resource");
    const below = (parent: SeenSpan, service: string): SeenSpan | undefined => {
      const children = spans.filter(({ parentId }) => parentId === parent.id);
      return (
        children.find((child) => child.service === service) ??
        children.map((child) => below(child, service)).find(Boolean)
      );
    };

    test("one trace from the start to the last agent and the auth server", () => {
      expect([...new Set(spans.map(({ service }) => service))].sort()).toEqual(ALL_SERVICES);
      const names = spans.map(({ name }) => name);
      for (const name of [
        SPAN.run,
        SPAN.callAgent,
        SPAN.supplyChainExecute,
        SPAN.supplyChainMarketAnalysis,
        SPAN.marketAnalysisExecute,
        SPAN.marketAnalysisInvoke,
        SPAN.marketAnalysisProcess,
      ])
        expect(names).toContain(name);
    });

    test.each([
      ["supply-chain-backend", "supply-chain-agent"],
      ["supply-chain-agent", "market-analysis-agent"],
    ])("%s to %s: 401 with agent-auth, then the retry with an auth token", (from, to) => {
      const [first, second, ...more] = toResource(from).sort(
        (a, b) => Number(a.tags[A.attempt]) - Number(b.tags[A.attempt]),
      );
      expect(more).toEqual([]);
      expect(first!.name).toBe("POST signed with jwks");
      expect(first!.tags).toMatchObject({ [A.attempt]: 1, [A.status]: 401, [A.signatureScheme]: "jwks" });
      expect(jsonOf(first!, A.responseHeaders)).toHaveProperty(
        "agent-auth",
        expect.stringContaining("resource_token="),
      );
      const challenge = first!.events.find(({ name }) => name === EVENT.challengeReceived);
      expect(challenge?.fields).toMatchObject({ level: "authorized" });
      expect(JSON.parse(String(challenge?.fields.resource_token)).kind).toBe("resource+jwt");

      expect(second!.name).toBe("POST again, signed with jwt");
      expect(second!.tags).toMatchObject({
        [A.attempt]: 2,
        [A.retryReason]: "authorization",
        [A.status]: 200,
        [A.signatureScheme]: "jwt",
      });
      expect(jsonOf<TracedToken>(second!, A.tokenSent)).toMatchObject({
        kind: "auth+jwt",
        claims: { scope: expect.any(String) },
      });

      expect(below(first!, to)!.tags).toMatchObject({
        [A.verdict]: "challenged",
        [A.errorCode]: "authorization_required",
      });
      expect(below(second!, to)!.tags).toMatchObject({
        [A.verdict]: "passed",
        [A.agentLevel]: "authorized",
        [A.keySource]: "auth-token",
      });
      // The signed base is the verified base.
      for (const attempt of [first!, second!]) {
        const verifier = below(attempt, to)!;
        expect(verifier.tags[A.verifiedBase]).toBe(attempt.tags[A.signatureBase]);
        expect(verifier.tags[A.verifiedThumbprint]).toBe(attempt.tags[A.signatureThumbprint]);
        expect(jsonOf<TracedCheck[]>(verifier, A.checks).map(({ section }) => section)).toEqual(
          expect.arrayContaining(["profile 2.3"]),
        );
      }
    });

    test("the gateway's spans show the refused call, and scheme and agent of accepted calls", () => {
      const seen = spans
        .filter(({ service, name }) => service === "agentgateway" && name.startsWith("POST"))
        .map(({ tags }) => [Number(tags["http.status"]), tags.aauth_scheme, tags.aauth_agent_identity]);
      const { backendAgent, supplyChainAgent } = stack.urls;
      expect(seen).toContainEqual([401, "Jwks", backendAgent]);
      expect(seen).toContainEqual([200, "Jwt", backendAgent]);
      expect(seen).toContainEqual([200, "Jwt", supplyChainAgent]);
    });

    test("the token that the auth server issued is the one that is sent", () => {
      const issued = spans.filter(({ tags }) => tags[A.tokenIssued] !== undefined);
      expect(issued.map(({ service, tags }) => [service, tags[A.requestType], tags[A.verdict]])).toEqual([
        ["auth-server", "auth", "passed"],
        ["auth-server", "auth", "passed"],
      ]);
      const sent = attempts(spans).flatMap((span) =>
        span.tags[A.tokenSent] === undefined ? [] : [jsonOf<TracedToken>(span, A.tokenSent).id],
      );
      expect(issued.map((span) => jsonOf<TracedToken>(span, A.tokenIssued).id).sort()).toEqual(sent.sort());
    });

    // Spelled out, because readers of the published walk-through search Jaeger for exactly these.
    test("events have the names of the published walk-through", () => {
      const seen = [
        ...new Set(spans.flatMap(({ service, events }) => events.map(({ name }) => `${service} ${name}`))),
      ];
      for (const agent of ["supply-chain-backend", "supply-chain-agent"]) {
        for (const event of [
          "aauth.request_signed",
          "agent_auth_challenge_received",
          "resource_token_extracted",
          "retrying_request_with_auth_token",
        ])
          expect(seen).toContain(`${agent} ${event}`);
      }
      for (const resource of ["supply-chain-agent", "market-analysis-agent"]) {
        for (const event of ["aauth_signature_verified", "resource_token_issued", "auth_token_verified"])
          expect(seen).toContain(`${resource} ${event}`);
        const verifiers = spans.filter(
          ({ service, tags }) => service === resource && tags[A.verdict] !== undefined,
        );
        expect(verifiers.find(({ tags }) => tags[A.verdict] === "challenged")?.tags).toMatchObject({
          "auth.aauth.scheme": "jwks",
          "auth.aauth.verified": true,
          "auth.aauth.verification_result": "valid",
          "auth.resource_token.issued": true,
        });
        expect(verifiers.find(({ tags }) => tags[A.verdict] === "passed")?.tags).toMatchObject({
          "auth.aauth.scheme": "jwt",
          "auth.aauth.verified": true,
          "auth.auth_token.verified": true,
          "auth.auth_token.agent": expect.stringContaining("http://"),
        });
      }
    });

    test("a challenge is not marked as an error", () => {
      expect(spans.filter(isError)).toEqual([]);
    });

    test("no token, no signature and no bearer header is in any span", () => {
      expect(servicesShowingTokens(spans)).toEqual(UNREDACTED);
      const text = JSON.stringify(spans.filter(({ service }) => !UNREDACTED.includes(service)));
      expect(text).not.toMatch(/[\w+/-]{80}/);
      expect(text).not.toMatch(/bearer/i);
    });

    test("why a request was refused is on its span, and the span is an error", async () => {
      const { traceId, traceparent } = newTrace();
      await fetch(`http://127.0.0.1:${stack.ports.supplyChainAgent}/`, {
        method: "POST",
        headers: { traceparent, "content-type": "application/json", ...forgedSignature(stack) },
        body: "{}",
      });
      const [span] = await vi.waitFor(async () => {
        const found = await spansOf(stack.urls.traces, traceId);
        expect(found).toHaveLength(1);
        return found;
      });
      expect(span!.tags).toMatchObject({ [A.verdict]: "refused", error: true, [A.status]: 401 });
      expect(span!.tags).toMatchObject({
        "auth.aauth.verified": false,
        "auth.aauth.verification_result": "invalid",
      });
      const failed = jsonOf<TracedCheck[]>(span!, A.checks).find(({ verdict }) => verdict === "failed");
      expect(failed).toMatchObject({
        name: expect.any(String),
        reason: expect.any(String),
        section: expect.stringMatching(/^profile/),
      });
    });

    test("a call with recording disabled is not recorded", async () => {
      const { traceId, traceparent } = newTrace();
      const { traceId: marker, traceparent: recorded } = newTrace();
      for (const header of [traceparent.replace(/01$/, "00"), recorded]) {
        await fetch(`http://127.0.0.1:${stack.ports.supplyChainAgent}/`, {
          method: "POST",
          headers: { traceparent: header },
        });
      }
      await vi.waitFor(async () => expect(await spansOf(stack.urls.traces, marker)).not.toEqual([]));
      expect(await spansOf(stack.urls.traces, traceId)).toEqual([]);
    });
  });

  describe("user-delegated", () => {
    let stack: TestStack;
    beforeAll(async () => {
      installLocalhostLookup();
      stack = await startStack({
        ...options,
        modes: { ...options.modes, authorizationScheme: "user-delegated" },
      });
    });
    afterAll(() => stack?.stop());

    test("the consent and later messages are in the trace of the start", async () => {
      expect((await runWithConsent(stack, WITH_MARKET_ANALYSIS.custom_prompt)).status).toBe("completed");
      const spans = await wholeTrace(
        stack.urls.traces,
        SPAN.startOptimization,
        (seen) =>
          seen.some(({ name }) => name === SPAN.consentReturned) &&
          seen.some(({ name }) => name === SPAN.marketAnalysisExecute) &&
          seen.filter(({ name }) => name === SPAN.run).length === 2,
      );
      const events = spans.flatMap((span) => span.events.map(({ name }) => name));
      expect(events).toEqual(
        expect.arrayContaining([
          "consent_required_returned",
          "token_exchange_started",
          "token_exchange_success",
        ]),
      );
      const types = spans.flatMap(({ tags }) =>
        tags[A.requestType] === undefined ? [] : [tags[A.requestType]],
      );
      expect(types.sort()).toEqual(["auth", "code", "exchange"]);
      const exchange = spans.find(({ tags }) => tags[A.requestType] === "exchange")!;
      const upstream = jsonOf<TracedToken>(exchange, A.upstreamToken);
      expect(jsonOf<TracedToken>(exchange, A.tokenIssued).claims).toMatchObject({
        act: { agent: upstream.claims!.agent },
        sub: upstream.claims!.sub,
      });
      expect(spans.filter(isError)).toEqual([]);
      expect(servicesShowingTokens(spans)).toEqual(UNREDACTED);
    });
  });
}

/** Well-formed headers with an invalid signature. */
function forgedSignature({ urls }: TestStack): Record<string, string> {
  const created = Math.floor(Date.now() / 1000);
  const covered = '"@method" "@authority" "@path" "content-type" "content-digest" "signature-key"';
  return {
    "signature-key": `sig1=(scheme=jwks id="${urls.backendAgent}" kid="backend-ephemeral-1" well-known="aauth-agent")`,
    "signature-input": `sig1=(${covered});created=${created}`,
    "content-digest": "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:",
    signature: `sig1=:${Buffer.alloc(64, 1).toString("base64")}:`,
  };
}
