import { installLocalhostLookup } from "agent-kit/service";
import {
  type BreakItResult,
  type BreakItVariant,
  breakItResultSchema,
  type Draft11BreakItVariant,
  type RunTrace,
  runTraceSchema,
} from "backend-api";
import { readProtocolRun } from "protocol-trace/read";
import { afterEach, describe, expect, test } from "vitest";
import { readJaegerSpans } from "../../packages/protocol-trace/src/read/read-jaeger.ts";
import { MCP_USER, textOf, User } from "../contract/auth-server/journey.ts";
import { type ApiUser, signIn } from "../support/optimization-run.ts";
import { decideAtPages } from "../support/person-run.ts";
import { servicesShowingTokens, UNREDACTED } from "../support/run-trace.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

const WAIT = { timeout: 20_000, interval: 300 };

let stack: TestStack;
afterEach(() => stack?.stop());

type Mode = TestStack["modes"]["mode"];
type Expected = readonly [by: string, codeOrCheck: string | number, section: RegExp, withoutEffect?: true];

const TOKEN = /eyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/;
const GATEWAY = "gateway";
const AGENT = "supply-chain-agent";
/** Columns of the backend's requests in an attempt. */
const SENDERS = new Set(["supply-chain-backend", "thief", "other-agent", "sub-agent", "intruder"]);
const MARKET = "market-analysis-agent";
const PERSON = "person-server";
const ACCESS = "access-server";

/**
 * The party that must refuse each variant, with its code (or status, for a page without a code) and
 * the section that demands it. For a variant without effect: the check that prevents it.
 */
const OF_AGENTS = {
  "changed-body": [AGENT, "digest_mismatch", /11\.3\.4 step 2$/],
  "changed-path": [GATEWAY, "invalid_signature", /11\.3\.4 step 7$/],
  "uncovered-body": [GATEWAY, "insufficient_coverage", /11\.3\.4 step 2$/],
  stale: [GATEWAY, "created_out_of_window", /11\.3\.4 step 3$/],
  replay: [GATEWAY, "signature_replayed", /11\.3\.4\.2$/],
  "stolen-token": [GATEWAY, "invalid_signature", /11\.3\.4 step 7$/],
  "expired-token": [GATEWAY, "token_expired", /11\.3\.4 step 5$/],
  "swapped-typ": [GATEWAY, "malformed_token", /11\.3\.4 step 5$/],
  "bearer-token": [AGENT, "missing_signature", /11\.3\.4 step 1$/],
  "february-message": [GATEWAY, "profile_not_accepted", /11\.3\.4 step 1$/],
  "guessed-code": [AGENT, 410, /11\.6\.3\.1$/],
} satisfies Partial<Record<Draft11BreakItVariant, Expected>>;
const OF_PERSONS = {
  ...OF_AGENTS,
  "swapped-typ": [GATEWAY, "token_claim_missing", /11\.3\.4 step 5$/],
  "other-agents-token": [GATEWAY, "invalid_signature", /11\.3\.4 step 7$/],
  "agent-token-only": [AGENT, "person_required", /6\.1$/],
  "other-audience": [GATEWAY, "token_audience_mismatch", /11\.3\.4 step 5$/],
  "revoked-token": [MARKET, "token_revoked", /11\.12$/],
  "forged-callback": [PERSON, "session of the person", /7\.3$/, true],
  "pending-of-another": [PERSON, "not_found", /13\.2$/],
  "stolen-agent-token": [PERSON, "invalid_signature", /11\.3\.4 step 7$/],
  "foreign-upstream-token": [PERSON, "invalid_upstream_token", /9\.4\.5$/],
  "upstream-of-another-server": [PERSON, "invalid_upstream_token", /9\.4\.5$/],
  "guessed-consent-code": [PERSON, "session of the person", /11\.6\.3\.1$/, true],
  "revocation-by-another": [PERSON, "issuer of the token", /11\.12\.1$/, true],
} satisfies Partial<Record<Draft11BreakItVariant, Expected>>;
const OF_PERSON_SERVERS = {
  ...OF_PERSONS,
  "swapped-typ": OF_AGENTS["swapped-typ"],
  "widened-scope": [GATEWAY, "invalid_token_signature", /11\.3\.4 step 5$/],
  "foreign-resource-token": [PERSON, "invalid_resource_token", /6\.7\.2$/],
  "unsigned-resource-token": [PERSON, "invalid_resource_token", /6\.7\.2$/],
} satisfies Partial<Record<Draft11BreakItVariant, Expected>>;
const EXPECTED: Readonly<Record<Mode, Partial<Record<Draft11BreakItVariant, Expected>>>> = {
  "agent-identity": OF_AGENTS,
  "person-identity": OF_PERSONS,
  "person-server": OF_PERSON_SERVERS,
  federated: {
    ...OF_PERSON_SERVERS,
    "agent-at-access-server": [ACCESS, "unsupported_scheme", /9\.1$/],
    "forged-person-server": [ACCESS, "denied", /9\.1$/],
    "foreign-revocation": [ACCESS, "unsupported_iss", /11\.12\.3$/],
  },
};

/** February's: party, check and code. */
const FEBRUARY: Readonly<Record<BreakItVariant, readonly [by: string, check: string, code: string]>> = {
  "changed-body": [AGENT, "content-digest", "digest_mismatch"],
  "changed-path": [GATEWAY, "signature", "invalid_signature"],
  "other-key": [GATEWAY, "signature", "invalid_signature"],
  stale: [GATEWAY, "created", "created_out_of_window"],
  replay: [GATEWAY, "replay", "nonce_replayed"],
  "stolen-token": [GATEWAY, "signature", "invalid_signature"],
  "widened-scope": [GATEWAY, "token", "invalid_token_signature"],
  "other-audience": [GATEWAY, "token", "token_audience_mismatch"],
  "unsigned-resource-token": ["auth-server", "resource token", "invalid_grant"],
};

interface BrokenRun {
  readonly user: ApiUser;
  readonly id: string;
  attempt(variant: string): Promise<BreakItResult>;
  trace(path?: string): Promise<RunTrace>;
}

/** A completed run, and attempts with it. */
async function finishedRun(modes: Partial<TestStack["modes"]>): Promise<BrokenRun> {
  stack = await startStack({ modes });
  const token = await userAccessToken(stack.urls);
  const user = await signIn(stack, token);
  const { end } = await decideAtPages(user, await user.run());
  expect(end.status).toBe("completed");
  const { request_id: id } = end;
  return {
    user,
    id,
    async attempt(variant) {
      const reply = await fetch(`${stack.urls.backend}/optimization/${id}/break-it/${variant}`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
      });
      const body: unknown = await reply.json();
      expect(reply.status, `${variant}: ${JSON.stringify(body)}`).toBe(200);
      return breakItResultSchema.parse(body);
    },
    trace: async (path = "trace") =>
      runTraceSchema.parse(await (await user.get(`/optimization/${id}/${path}`)).json()),
  };
}

test("February: each variant is refused by the check that is meant for it, as the verifier recorded it", async () => {
  const run = await finishedRun({});
  for (const [variant, [by, check, code]] of Object.entries(FEBRUARY)) {
    const result = await run.attempt(variant);
    expect(result).toMatchObject({ variant, outcome: "refused", refused_by: by, check, code });
    const recorded = async () => {
      const { messages } = readProtocolRun((await run.trace(`attempts/${result.trace_id}`)).traces);
      const last = messages.findLast(({ from }) => SENDERS.has(from));
      const refusal = last?.verifiers.findLast(({ errorCode }) => errorCode !== undefined);
      const failed = refusal?.checks.find(({ verdict }) => verdict === "failed");
      return {
        party: refusal?.party,
        verdict: refusal?.verdict,
        code: refusal?.errorCode,
        check: failed?.name,
      };
    };
    const party = by === GATEWAY ? "agentgateway" : by;
    await expect.poll(recorded, WAIT).toEqual({ party, verdict: "refused", code, check });
  }
});

describe.each(Object.entries(EXPECTED) as [Mode, (typeof EXPECTED)[Mode]][])("%s", (mode, expected) => {
  test("each variant is refused by the party, with the code and the section that are meant for it", async () => {
    const run = await finishedRun({ profile: "draft-11", mode });
    const { break_it: offers = [] } = await run.trace();
    expect(offers.map(({ variant }) => variant).toSorted()).toEqual(Object.keys(expected).toSorted());
    expect(offers.filter(({ unavailable }) => unavailable !== undefined)).toEqual([]);

    const seen: Record<string, unknown> = {};
    const traces: (string | undefined)[] = [];
    for (const { variant } of offers) {
      const result = await run.attempt(variant);
      const { outcome, as_meant, refused_by, code, status, check, section, trace_id } = result;
      traces.push(trace_id);
      const named = code ?? (outcome === "refused" ? status : check);
      seen[variant] = { outcome, as_meant, by: refused_by, named, section };
      // Each outcome names its check.
      expect(check, variant).toBeDefined();
    }
    expect(seen).toEqual(
      Object.fromEntries(
        Object.entries(expected).map(([variant, [by, named, section, withoutEffect]]) => {
          const outcome = withoutEffect ? "without_effect" : "refused";
          const cited = expect.stringMatching(section);
          return [variant, { outcome, as_meant: true, by, named, section: cited }];
        }),
      ),
    );

    // The trace shows the sent messages, but no usable token.
    const answers = async (trace = "") => (await run.trace(`attempts/${trace}`)).traces;
    for (const trace of traces)
      await expect.poll(async () => JSON.stringify(await answers(trace)), WAIT).toContain("break_it.");
    // Agentgateway sends its spans later than ours.
    const showing = async () => {
      const seen = await Promise.all(traces.map((trace) => answers(trace)));
      return servicesShowingTokens(seen.flat().flatMap(readJaegerSpans));
    };
    await expect.poll(showing, WAIT).toEqual(UNREDACTED);
    expect(stack.log()).not.toMatch(TOKEN);
  });
});

test("an attempt is shown with the honest messages before it, and the verdict on the last one", async () => {
  const run = await finishedRun({ profile: "draft-11", mode: "person-server" });
  /** Statuses of the backend's requests in an attempt, and the last verdict on the last message. */
  const shown = async (variant: string) => {
    const { trace_id } = await run.attempt(variant);
    return async () => {
      const { traces } = await run.trace(`attempts/${trace_id}`);
      const sent = readProtocolRun(traces).messages.filter(({ from }) => SENDERS.has(from));
      const { party, errorCode } = sent.at(-1)?.verifiers.at(-1) ?? {};
      return { statuses: sent.map(({ status }) => status), party, errorCode };
    };
  };
  await expect
    .poll(await shown("stolen-token"), WAIT)
    .toEqual({ statuses: [401], party: "agentgateway", errorCode: "invalid_signature" });
  // The withdrawal of the request afterwards is not part of the attempt.
  await expect.poll(await shown("pending-of-another"), WAIT).toMatchObject({ statuses: [202, 404] });
  await expect.poll(await shown("forged-callback"), WAIT).toMatchObject({ statuses: [202, 303, 202] });
  await expect.poll(await shown("revocation-by-another"), WAIT).toMatchObject({ statuses: [200, 200] });
  // Its two challenges, tokens and call; the revocation; the call again.
  await expect.poll(await shown("revoked-token"), WAIT).toEqual({
    statuses: [401, 200, 401, 200, 200, 200, 401],
    party: "market-analysis-agent",
    errorCode: "token_revoked",
  });
});

test("no attempt leaves a pending request, or revokes anything of the run's agent", async () => {
  const run = await finishedRun({ profile: "draft-11", mode: "person-server" });
  const browser = new User();
  const granted = async () =>
    textOf(await browser.openSignedIn(`${stack.urls.personServer}/granted`, MCP_USER));
  const before = await granted();
  const waiting = ["forged-callback", "pending-of-another", "guessed-consent-code"];
  for (const variant of [...waiting, "revoked-token", "revocation-by-another"]) await run.attempt(variant);
  expect((await granted()).replace(/\d+:\d+(:\d+)?/g, "")).toBe(before.replace(/\d+:\d+(:\d+)?/g, ""));
  // The run's own tokens are still valid.
  expect(await run.attempt("changed-body")).toMatchObject({ code: "digest_mismatch" });
  expect(await decideAtPages(run.user, await run.user.run())).toMatchObject({ visits: [] });
});
