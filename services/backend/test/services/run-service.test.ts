import { AAuthAgentError, ConsentRequiredError, QuotaStore, TokenRequestError } from "aauth";
import type { Agent } from "aauth/agent";
import { createLogger, withSpan } from "agent-kit/service";
import { startRequestSchema } from "backend-api";
import { SPAN } from "protocol-trace";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { recordSpans } from "../../../../packages/protocol-trace/test/support/recorded-spans.ts";
import { AgentAnswerError } from "../../src/clients/agent-errors.ts";
import type { SupplyChainClient } from "../../src/clients/supply-chain-client.ts";
import type { Run } from "../../src/runs/run.ts";
import { createRunStore } from "../../src/runs/run-store.ts";
import type { PendingConsent } from "../../src/services/consent-service.ts";
import { createRunService } from "../../src/services/run-service.ts";
import { createConsentRequests } from "../../src/services/watch-consent-request.ts";

type Ask = (...asked: Parameters<SupplyChainClient["ask"]>) => Promise<string>;
type CallContext = NonNullable<Parameters<Agent["fetchFor"]>[0]>;

const CONSENT = {
  agent: "http://backend",
  resource: "http://sca",
  scopes: ["supply-chain:optimize"],
  expiresAt: 1_730_217_900,
  revocable: true,
};

let now: number;
let asks: Ask[];
let contexts: CallContext[];
let logLines: string[];

beforeEach(() => {
  now = 1_730_217_600;
  asks = [];
  contexts = [];
  logLines = [];
});

/** Run service whose agent's answers are scripted: one function per call, in order. */
function scripted(...script: Ask[]) {
  asks = [...script];
  const pendingConsents = new QuotaStore<PendingConsent>({ maxEntries: 100, now: () => now });
  const consentRequests = createConsentRequests(() => now);
  const put = vi.spyOn(pendingConsents, "put");
  const runs = createRunService({
    store: createRunStore({ now: () => now }),
    pendingConsents,
    consentRequests,
    agent: {
      fetchFor(context = {}) {
        contexts.push(context);
        return fetch;
      },
    } as Agent,
    client: {
      ask: async (text, call) => ({ markdown: await asks.shift()!(text, call) }),
      card: async () => ({ name: "Agent" }),
    },
    observe: () => ({ observer: () => {}, peer: () => "resource" }),
    sharesTokens: false,
    standingConsent: () => undefined,
    places: { agentUrl: "http://sca.localhost:3000", issuer: "http://auth", backendUrl: "http://backend" },
    logger: createLogger({ service: "t", destination: { write: (line) => logLines.push(line) } }),
    now: () => now,
    timeoutSeconds: 60,
    startReplySeconds: 0.05,
  });
  return { runs, put, consentRequests };
}

const options = (body: unknown = {}) => startRequestSchema.parse(body);
const consent = (expiresInSeconds = 600) =>
  new ConsentRequiredError({
    consentUrl: "http://auth/consent",
    requestToken: "request-token-value",
    authServer: "http://auth",
    expiresInSeconds,
  });
const refuse =
  (error: unknown): Ask =>
  () =>
    Promise.reject(error);
const never: Ask = () => new Promise(() => {});

describe("a start", () => {
  it("that the agent answers at once is completed", async () => {
    const { runs } = scripted(async (text) => `# ${text}`);
    const reply = await runs.start("alice", options({ custom_prompt: "hello" }));
    expect(reply).toEqual({
      request_id: expect.any(String),
      status: "completed",
      message: "Optimization completed",
    });
    expect(runs.get("alice", reply.request_id).report).toBe("# hello.");
  });

  it("remembers the spans that stand for the run, both attempts included", async () => {
    const spans = recordSpans();
    onTestFinished(spans.stop);
    const { runs, put } = scripted(refuse(consent()), async () => "# Report");
    const { request_id } = await withSpan(SPAN.startOptimization, () => runs.start("alice", options()));
    const run = runs.get("alice", request_id);
    expect(put).toHaveBeenCalledOnce();
    const ended = new Promise<void>((done) => run.watch(() => run.isFinal && done()));
    runs.resume(run, CONSENT);
    await ended;
    const named = (name: string) => spans.finished().filter((span) => span.name === name);
    await vi.waitFor(() => expect(named(SPAN.run)).toHaveLength(2));
    const made = [SPAN.startOptimization, SPAN.run, SPAN.callAgent].flatMap(named);
    const ids = made.map((span) => span.spanContext().spanId);
    expect([...run.spanIds].sort()).toEqual(ids.sort());
    expect(run.traceIds).toEqual([made[0]!.spanContext().traceId]);
  });

  it("answers running once the agent has let it in, and goes on in the background", async () => {
    const answer = Promise.withResolvers<string>();
    const { runs } = scripted((_text, call) => {
      call.onAccepted?.();
      return answer.promise;
    });
    const reply = await runs.start("alice", options());
    expect(reply).toMatchObject({ status: "running" });
    const run = runs.get("alice", reply.request_id);
    const ended = new Promise<void>((done) => run.watch(done));
    answer.resolve("# Report");
    await ended;
    expect(run.status).toBe("completed");
  });

  it("answers running when nobody has decided in time", async () => {
    const { runs } = scripted(never);
    await expect(runs.start("alice", options())).resolves.toMatchObject({ status: "running" });
  });

  it("hands out the consent address and keeps who asked", async () => {
    const { runs, put } = scripted(refuse(consent()));
    const reply = await runs.start("alice", options());
    expect(reply).toEqual({
      consent_required: true,
      consent_url: "http://auth/consent",
      request_id: expect.any(String),
    });
    expect(put).toHaveBeenCalledWith(
      "alice",
      contexts[0]!.state,
      { runId: reply.request_id, userId: "alice", authServer: "http://auth" },
      600,
    );
    expect(contexts[0]!.state).toMatch(/^[\w-]{43}$/);
    expect(runs.get("alice", reply.request_id).progress()).toMatchObject({ status: "awaiting_consent" });
  });

  it("uses another state for every call", async () => {
    const { runs } = scripted(refuse(consent()), refuse(consent()));
    await runs.start("alice", options());
    await runs.start("alice", options());
    expect(contexts[0]!.state).not.toBe(contexts[1]!.state);
  });

  it("never waits longer for consent than the request token lives, nor than 600 s", async () => {
    const { runs, put } = scripted(refuse(consent(30)), refuse(consent(86_400)));
    await runs.start("alice", options());
    await runs.start("alice", options());
    expect(put.mock.calls.map((call) => call[3])).toEqual([30, 600]);
  });

  it("that is refused fails with hop, check and code, and status 200's body", async () => {
    const { runs } = scripted(
      refuse(new TokenRequestError("access_denied", "Agent is not allowed by policy", 403)),
    );
    await expect(runs.start("alice", options())).resolves.toEqual({
      request_id: expect.any(String),
      status: "failed",
      message: expect.stringContaining("access_denied"),
      failure: expect.objectContaining({ hop: "auth-server", check: "token_request", code: "access_denied" }),
    });
  });

  it("that breaks inside the backend says so, and leaves the reason to the log", async () => {
    const { runs } = scripted(refuse(new TypeError("secret detail")));
    const reply = await runs.start("alice", options());
    expect(reply).toMatchObject({ status: "failed", failure: { hop: "backend", check: "internal" } });
    expect(JSON.stringify(reply)).not.toContain("secret detail");
    expect(logLines.join()).toContain("secret detail");
  });

  it("is refused beyond 20 unfinished runs of one user, and of that user only", async () => {
    const { runs } = scripted(...Array.from({ length: 21 }, () => refuse(consent())), async () => "x");
    for (let count = 0; count < 20; count++) await runs.start("alice", options());
    await expect(runs.start("alice", options())).rejects.toMatchObject({ statusCode: 429 });
    await expect(runs.start("bob", options())).resolves.toBeDefined();
  });
});

describe("requests for consent of one user", () => {
  const many = (count: number, expiresInSeconds?: number) =>
    scripted(...Array.from({ length: count }, () => refuse(consent(expiresInSeconds))));
  const tooMany = {
    statusCode: 429,
    message: expect.stringMatching(/^You have too many unfinished optimizations; /),
  };

  it("are 20 at a time, whatever is cleared, and time makes room", async () => {
    const { runs } = many(42);
    for (let count = 0; count < 20; count++) {
      await runs.start("alice", options());
      expect(runs.clear("alice")).toBe(1);
    }
    await expect(runs.start("alice", options())).rejects.toMatchObject(tooMany);
    expect(runs.list("alice")).toEqual([]);
    await expect(runs.start("bob", options())).resolves.toMatchObject({ consent_required: true });
    now += 599;
    await expect(runs.start("alice", options())).rejects.toMatchObject(tooMany);
    now += 1;
    await expect(runs.start("alice", options())).resolves.toMatchObject({ consent_required: true });
  });

  it("count as long as the auth server keeps them, also beyond the time a run waits", async () => {
    const { runs } = many(21, 900);
    for (let count = 0; count < 20; count++) await runs.start("alice", options());
    now += 899;
    expect(runs.list("alice").every(({ isFinal }) => isFinal)).toBe(true);
    await expect(runs.start("alice", options())).rejects.toMatchObject(tooMany);
    now += 1;
    await expect(runs.start("alice", options())).resolves.toMatchObject({ consent_required: true });
  });

  it("count when they end a run, too: the second of one run", async () => {
    const { runs, consentRequests } = many(2);
    const { request_id } = await runs.start("alice", options());
    consentRequests.delete(contexts[0]!.state!);
    const run = runs.get("alice", request_id);
    runs.resume(run, CONSENT);
    await vi.waitFor(() => expect(run.status).toBe("failed"));
    expect(consentRequests.list("alice").length).toBe(1);
  });

  it("are not made by runs that need none, nor by those that are cleared while they wait for the agent", async () => {
    const { runs, consentRequests } = scripted(
      async () => "# Report",
      refuse(new AAuthAgentError("challenge_untrusted", "x")),
      (_text, call) => {
        call.onAccepted?.();
        return new Promise((_resolve, reject) => {
          contexts[2]!.signal!.addEventListener("abort", () => reject(new DOMException("x", "AbortError")));
        });
      },
    );
    for (let count = 0; count < 3; count++) await runs.start("alice", options());
    expect(consentRequests.list("alice").length).toBe(1);
    runs.clear("alice");
    await vi.waitFor(() => expect(consentRequests.list("alice").length).toBe(0));
  });
});

describe("a run that waits for consent", () => {
  async function waiting(...script: Ask[]) {
    const { runs } = scripted(refuse(consent()), ...script);
    const { request_id } = await runs.start("alice", options());
    return { runs, run: runs.get("alice", request_id) };
  }
  const settled = async (run: Run) => {
    while (run.status === "running") await new Promise<void>((done) => run.watch(done));
  };

  it("resumes as the same run", async () => {
    const { runs, run } = await waiting(async () => "# Report");
    runs.resume(run, CONSENT);
    expect(run.status).toBe("running");
    await settled(run);
    expect(run.progress()).toMatchObject({ status: "completed", progress_percentage: 100 });
    // The agent holds the token under the run's name.
    expect(contexts.map(({ cacheKey }) => cacheKey)).toEqual([run.id, run.id]);
  });

  it("B7 fails on a second consent demand instead of waiting for ever", async () => {
    const { runs, run } = await waiting(refuse(consent()));
    runs.resume(run, CONSENT);
    await settled(run);
    expect(run.progress()).toMatchObject({
      status: "failed",
      failure: { hop: "auth-server", check: "consent", code: "consent_repeated" },
    });
  });

  it("B7 fails on a repeated challenge", async () => {
    const { runs, run } = await waiting(
      refuse(new AAuthAgentError("challenge_repeated", "challenged again")),
    );
    runs.resume(run, CONSENT);
    await settled(run);
    expect(run.failure).toMatchObject({ code: "challenge_repeated" });
  });

  it("B9 fails when its 600 s are over", async () => {
    const { runs, run } = await waiting();
    now += 599;
    expect(runs.get("alice", run.id).status).toBe("awaiting_consent");
    now += 1;
    expect(runs.get("alice", run.id).failure).toMatchObject({ code: "consent_expired" });
  });

  it("B9 shows as failed in the list as well", async () => {
    const { runs } = await waiting();
    now += 600;
    expect(runs.list("alice")[0]!.status).toBe("failed");
  });
});

describe("a cleared run", () => {
  it("stops its call and ends unseen", async () => {
    const answer = Promise.withResolvers<string>();
    const { runs } = scripted(() => answer.promise);
    await runs.start("alice", options());
    const [run] = runs.list("alice");
    expect(contexts[0]!.signal?.aborted).toBe(false);
    expect(runs.clear("alice")).toBe(1);
    expect(contexts[0]!.signal?.aborted).toBe(true);
    answer.reject(new AgentAnswerError("holds no text"));
    await Promise.resolve();
    expect(run!.status).toBe("running");
    expect(runs.list("alice")).toEqual([]);
  });
});

it("B4 answers 404 for another user's run", async () => {
  const { runs } = scripted(async () => "x");
  const { request_id } = await runs.start("alice", options());
  expect(() => runs.get("bob", request_id)).toThrow(expect.objectContaining({ statusCode: 404 }));
});
