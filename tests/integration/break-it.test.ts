import { draft11 } from "aauth";
import { february2026 } from "aauth/february-2026";
import { readProtocolRun } from "aauth-explain/run";
import { installLocalhostLookup } from "agent-kit/service";
import { DRAFT_11_MODES } from "agent-kit/settings";
import {
  ATTACKS,
  type Attack,
  attacksWith,
  type BreakItResult,
  breakItResultSchema,
  type ExpectedRefusal,
  type RunTrace,
  runTraceSchema,
} from "backend-api";
import { afterEach, describe, expect, test } from "vitest";
import { readJaegerSpans } from "../../packages/aauth-explain/src/run/read-jaeger.ts";
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

const TOKEN = /eyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/;
/** Columns of the backend's requests in an attempt. */
const SENDERS = new Set(["supply-chain-backend", "thief", "other-agent", "sub-agent", "intruder"]);

/** What the table demands of the result of an attack. */
function expected(dialect: "february" | "draft11", attack: string) {
  const {
    by = "gateway",
    check,
    section,
    unchanged,
  }: ExpectedRefusal = (ATTACKS as Table)[attack]![dialect]!;
  const { checks } = (dialect === "february" ? february2026 : draft11).verification;
  return {
    outcome: unchanged === undefined ? "refused" : "without_effect",
    as_meant: true,
    refused_by: by,
    check,
    section: section ?? checks.find(({ name }) => name === check)!.section,
  };
}
type Table = Readonly<Record<string, Attack>>;

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

test("February: each attack is refused by the check that is meant for it, as the verifier recorded it", async () => {
  const run = await finishedRun({});
  for (const { variant } of (await run.trace()).break_it!) {
    const result = await run.attempt(variant);
    expect(result).toMatchObject({ variant, ...expected("february", variant) });
    const { refused_by, check, code, trace_id } = result;
    const recorded = async () => {
      const { messages } = readProtocolRun((await run.trace(`attempts/${trace_id}`)).traces);
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
    const party = refused_by === "gateway" ? "agentgateway" : refused_by;
    await expect.poll(recorded, WAIT).toEqual({ party, verdict: "refused", code, check });
  }
});

describe.each(DRAFT_11_MODES)("%s", (mode) => {
  test("each attack is refused by the party, at the check and by the section that are meant for it", async () => {
    const run = await finishedRun({ profile: "draft-11", mode });
    const { break_it: offers = [] } = await run.trace();
    const modes = DRAFT_11_MODES.slice(0, DRAFT_11_MODES.indexOf(mode) + 1);
    const ofMode = attacksWith("draft11").filter((name) => modes.includes(ATTACKS[name].draft11.from));
    expect(offers).toEqual(ofMode.map((variant) => ({ variant })));
    const traces: (string | undefined)[] = [];
    for (const { variant } of offers) {
      const result = await run.attempt(variant);
      traces.push(result.trace_id);
      expect.soft(result, variant).toMatchObject(expected("draft11", variant));
    }

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
