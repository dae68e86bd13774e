/**
 * The runs that the page of both profiles shows side by side, and the picture of the README,
 * recorded again: `UPDATE_DOCS=1`
 * stores the recording; any other test run requires the same messages as in the recording.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import {
  type Message,
  messageMeaning,
  type ProtocolRun,
  readProtocolRun,
  sectionLinks,
} from "aauth-explain/run";
import { installLocalhostLookup } from "agent-kit/service";
import { runTraceSchema } from "backend-api";
import { beforeAll, describe, expect, test } from "vitest";
import { REPOSITORY_ROOT, type StackModes } from "../../scripts/demo/stack.ts";
import { type Recording, traceOf } from "../../ui/src/features/compare/recording.ts";
import { runWithConsent } from "../support/consent-run.ts";
import { type ApiUser, signIn, WITH_MARKET_ANALYSIS } from "../support/optimization-run.ts";
import { decideAtPages } from "../support/person-run.ts";
import { type JaegerTrace, recordingJson, recordingOf } from "../support/recording.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";
import { withDemoPorts } from "../support/walkthrough-run.ts";

installLocalhostLookup();

const RUNS: Readonly<Record<string, Partial<StackModes>>> = {
  autonomous: { authorizationScheme: "autonomous" },
  "february-2026": { authorizationScheme: "user-delegated" },
  "person-server": { profile: "draft-11", mode: "person-server" },
  federated: { profile: "draft-11", mode: "federated" },
};
const POLL_MS = 500;
/** Services send their spans every 200 ms, separately. */
const SETTLED_POLLS = 4;

describe.each(Object.entries(RUNS))("%s", (name, modes) => {
  let trace: JaegerTrace;
  let run: ProtocolRun;
  beforeAll(async () => {
    const stack = await startStack({ modes });
    try {
      trace = await recordedTrace(stack);
    } finally {
      await stack.stop();
    }
    run = readProtocolRun([{ data: [trace] }]);
  }, 120_000);

  test("the messages are those of the recording", () => {
    const path = `${REPOSITORY_ROOT}ui/src/features/compare/recorded/${name}.json`;
    const recording = recordingOf(trace);
    // The omitted parts change no message.
    expect(sequence(readProtocolRun([traceOf(recording)]))).toEqual(sequence(run));
    if (process.env.UPDATE_DOCS === "1") writeFileSync(path, recordingJson(recording));
    const kept = JSON.parse(readFileSync(path, "utf8")) as Recording;
    expect(sequence(readProtocolRun([traceOf(kept)]))).toEqual(sequence(run));
  });

  test.runIf(modes.profile === "draft-11")("each message is explained, and checked by its receiver", () => {
    expect(run.messages.length).toBeGreaterThan(10);
    expectExplained(run);
    expectChecked(run);
  });

  test.runIf(name === "federated")(
    "the person server asks the access server, and passes on the tokens",
    () => {
      const asked = run.messages.filter(({ from, to }) => from === "person-server" && to === "access-server");
      const tokens = asked.map(({ signer }) => Object.keys(signer?.bodyTokens ?? {}).sort());
      expect(asked.map(({ signer }) => signer?.scheme)).toEqual(["jwks_uri", "jwks_uri"]);
      expect(tokens).toEqual([
        ["agent_token", "presented_token", "resource_token"],
        ["agent_token", "presented_token", "resource_token", "upstream_token"],
      ]);
    },
  );
});

test("a run that waits at both hops is explained as well: 202 and 424 are not refusals", async () => {
  const env = { "person-server": { PERSON_SERVER_CONSENT_SCOPES: "market-analysis:analyze" } };
  const stack = await startStack({ modes: RUNS.federated!, env });
  try {
    const run = readProtocolRun([{ data: [await recordedTrace(stack)] }]);
    expectExplained(run);
    expectChecked(run);
    expect(new Set(run.messages.map(({ outcome }) => outcome))).toEqual(
      new Set(["accepted", "challenged", "waiting", "handed-back"]),
    );
    // The agent's own page, and from there the person server's.
    const visits = run.messages.filter(({ interaction }) => interaction !== undefined);
    expect(visits.map(({ to }) => to)).toEqual(["person-server", "supply-chain-agent", "person-server"]);
  } finally {
    await stack.stop();
  }
}, 120_000);

/** Request and answer of each message, with sections of the draft that can be opened. */
function expectExplained(run: ProtocolRun): void {
  for (const message of run.messages) {
    const meaning = messageMeaning(message, run);
    expect(meaning?.title ?? "", `message ${message.number}`).toMatch(/^(?!Request to a token endpoint)./);
    for (const side of [meaning!.request, meaning!.answer]) {
      expect(side?.text, `message ${message.number}`).toMatch(/^[A-Z].{20,}\.$/s);
      expect(side!.sections.length).toBeGreaterThan(0);
      for (const section of side!.sections) expect(sectionLinks(section)).toHaveLength(1);
    }
  }
}

/** The receiver of a signed message has recorded its checks, each with its section. */
function expectChecked({ messages }: ProtocolRun): void {
  for (const { number, signer, verifiers, to } of messages) {
    if (signer === undefined) continue;
    const own = verifiers.find(({ party }) => party === to);
    expect(own?.checks.length, `message ${number}`).toBeGreaterThan(5);
    for (const { section } of own!.checks) expect(sectionLinks(section)).toHaveLength(1);
  }
}

/** Kind, parties and status of each message. The number of polls differs from run to run. */
function sequence({ messages }: ProtocolRun): string[] {
  const isWaiting = ({ requestType, status }: Message) => requestType === "poll" && status === 202;
  return messages
    .filter((message) => !isWaiting(message))
    .map(({ what, from, to, status, outcome }) => `${from} -> ${to}: ${pathOf(what)}, ${status ?? outcome}`);
}

const pathOf = (what: string) => what.replace(/[0-9a-f-]{36}/g, "{id}");

/** A run over both hops whose user consents, as the backend shows it to them. */
async function recordedTrace(stack: TestStack): Promise<JaegerTrace> {
  const user = await signIn(stack);
  const isDelegated = stack.modes.authorizationScheme === "user-delegated";
  const end = isDelegated
    ? await runWithConsent(stack, WITH_MARKET_ANALYSIS.custom_prompt)
    : (await decideAtPages(user, await user.run())).end;
  expect(end.status).toBe("completed");
  return settled(stack, user, end.request_id);
}

async function settled(stack: TestStack, user: ApiUser, id: string): Promise<JaegerTrace> {
  let [count, since] = [0, 0];
  for (;;) {
    const { traces } = runTraceSchema.parse(await (await user.get(`/optimization/${id}/trace`)).json());
    const [trace] = traces.flatMap((answer) => (answer as { data: JaegerTrace[] }).data);
    const found = trace?.spans.length ?? 0;
    [count, since] = found === count ? [count, since + 1] : [found, 0];
    if (trace !== undefined && since >= SETTLED_POLLS)
      return JSON.parse(withDemoPorts(JSON.stringify(trace), stack.ports)) as JaegerTrace;
    await pause(POLL_MS);
  }
}
