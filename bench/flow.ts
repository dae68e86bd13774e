/**
 * The autonomous flow over both hops, signed and plain: caller -> gateway -> supply-chain agent -> gateway -> market-analysis agent.
 * The signed stack is the demo's. The plain one makes the same HTTP calls with headers of the same bytes through the same gateway, with the check
 * in the same place, and knows nothing of signatures or tokens. One flow at a time; keys and documents are known.
 *
 * What signing adds is compared with the cryptography alone: every operation of the flow counted, each timed as it runs in a flow, alone
 * and in a process that has just been woken (`flow/crypto-floor.ts`).
 *
 * @module
 */

import assert from "node:assert";
import { fileURLToPath } from "node:url";
import { installLocalhostLookup } from "service-kit";
import { type CryptoFloor, type OperationCounts, startCryptoFloor } from "./flow/crypto-floor.ts";
import { type FlowStack, startFlowStack } from "./flow/flow-stack.ts";
import { freezeMessages } from "./flow/frozen-messages.ts";
import { createPlainAgent } from "./flow/plain-agent.ts";
import { plainReplacement, plainTokenUrl } from "./flow/plain-stack.ts";
import { askOnce, promptBody } from "./flow/prompt.ts";
import { startSignedCaller } from "./flow/signed-caller.ts";
import { withLibsodium } from "./libsodium.ts";
import { quantile } from "./measure.ts";
import { type Figure, printRows, publishRows, rowsOf } from "./rows.ts";

/** V8 optimises a function when it has been called about 3000 times: what is measured is a stack that has been up for a while. */
const WARM_UP_FLOWS = 4_000;
const ROUNDS = 15;
const FLOWS_PER_ROUND = 15;
/** Otherwise what is compared is how much the two stacks have to tell. */
const LOG_LEVEL = "warn";

const FORGETFUL_AGENT = fileURLToPath(new URL("./flow/forgetful-supply-chain-agent.ts", import.meta.url));

const libsodium = withLibsodium ? ", libsodium" : "";

interface FlowKind {
  readonly title: string;
  /** Whether callers hold a token from an earlier flow. */
  readonly keepsTokens: boolean;
  readonly operations: OperationCounts;
}

const KINDS: readonly FlowKind[] = [
  {
    title: `autonomous flow, first time${libsodium}`,
    keepsTokens: false,
    operations: {
      // On each hop: the request, the resource token, the token request, the request again.
      ed25519Signs: 2 * 4,
      // On each hop: the gateway and the agent twice; at the auth server the token request and the resource token.
      ed25519Verifies: 2 * 6,
      // On each hop the auth token, which the gateway and the agent see for the first time.
      rs256Signs: 2,
      rs256Verifies: 2 * 2,
    },
  },
  {
    title: `autonomous flow, tokens cached${libsodium}`,
    keepsTokens: true,
    // On each hop the request; the gateway and the agent verify it.
    operations: { ed25519Signs: 2, ed25519Verifies: 4, rs256Signs: 0, rs256Verifies: 0 },
  },
];

const body = promptBody();

/** A stack with its caller. */
interface Side {
  readonly stack: FlowStack;
  readonly flow: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function startSigned({ keepsTokens }: FlowKind): Promise<Side> {
  const stack = await startFlowStack({
    logLevel: LOG_LEVEL,
    replacement: ({ name }) =>
      name === "supply-chain-agent" && !keepsTokens ? [FORGETFUL_AGENT] : undefined,
  });
  const { urls } = stack;
  const caller = await startSignedCaller(urls.issuer, keepsTokens);
  return {
    stack,
    flow: () => askOnce(caller.send, `${urls.supplyChainAgent}/`, body),
    stop: async () => {
      await caller.stop();
      await stack.stop();
    },
  };
}

async function startPlain({ keepsTokens }: FlowKind): Promise<Side> {
  const stack = await startFlowStack({
    logLevel: LOG_LEVEL,
    replacement: plainReplacement({ keepsTokens, logLevel: LOG_LEVEL }),
  });
  const { urls } = stack;
  const hop = { agent: urls.backendAgent, resource: urls.supplyChainAgent, issuer: urls.issuer };
  const messages = await freezeMessages(hop);
  const agent = createPlainAgent({ messages, tokenUrl: plainTokenUrl(urls), keepsTokens });
  return {
    stack,
    flow: () => askOnce(agent.fetchFor(), `${urls.supplyChainAgent}/`, body),
    stop: () => stack.stop(),
  };
}

async function measureKind(kind: FlowKind): Promise<void> {
  const sides = await Promise.allSettled([startSigned(kind), startPlain(kind)]);
  const floor = await startCryptoFloor(kind.operations);
  try {
    const [signed, plain] = sides.map((side) => {
      if (side.status === "rejected") throw side.reason;
      return side.value;
    }) as [Side, Side];
    await refusesUnsigned(signed);
    await Promise.all([warmUp(signed), warmUp(plain)]);

    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) {
      const [first, second] = round % 2 === 0 ? [signed, plain] : [plain, signed];
      const firstMs = await medianFlowMs(first, floor);
      const secondMs = await medianFlowMs(second, floor);
      const [signedMs, plainMs] = first === signed ? [firstMs, secondMs] : [secondMs, firstMs];
      rounds.push({ floorMs: floor.takeMs(), signedMs, plainMs });
    }
    reportKind(kind, rounds);
  } finally {
    floor.stop();
    for (const side of sides) if (side.status === "fulfilled") await side.value.stop();
  }
}

async function medianFlowMs({ flow }: Side, floor: CryptoFloor): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < FLOWS_PER_ROUND; count++) {
    const startedAt = performance.now();
    await flow();
    times.push(performance.now() - startedAt);
    await floor.sample();
  }
  return quantile(times, 0.5);
}

/** Compiles, and fills the caches of keys and documents. */
async function warmUp({ flow }: Side): Promise<void> {
  for (let count = 0; count < WARM_UP_FLOWS; count++) await flow();
}

/** A stack that lets everything pass would win any race. */
async function refusesUnsigned({ stack }: Side): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${stack.urls.supplyChainAgent}/`, { method: "POST", headers, body });
  await response.body?.cancel();
  assert.equal(response.status, 401, "an unsigned request");
}

function reportKind(
  { title }: FlowKind,
  rounds: readonly { floorMs: number; signedMs: number; plainMs: number }[],
): void {
  const median = (of: (round: (typeof rounds)[number]) => number) => quantile(rounds.map(of), 0.5);
  const added = median(({ signedMs, plainMs }) => signedMs - plainMs);
  console.log(
    `\n${title}, median of ${ROUNDS} rounds\n  plain ${median(({ plainMs }) => plainMs).toFixed(2)} ms, ` +
      `signed ${median(({ signedMs }) => signedMs).toFixed(2)} ms, ` +
      `cryptography alone, one operation at a time, ${median(({ floorMs }) => floorMs).toFixed(2)} ms`,
  );
  const figures: Figure[] = [
    {
      what: `${title}: signed / plain`,
      value: median(({ signedMs, plainMs }) => signedMs / plainMs),
    },
    {
      what: `${title}: added / cryptography alone`,
      value: median(({ signedMs, plainMs, floorMs }) => (signedMs - plainMs) / floorMs),
    },
    {
      what: `${title}: added`,
      value: added,
      unit: "ms",
    },
  ];
  const rows = rowsOf(figures);
  printRows(rows);
  publishRows(rows);
}

installLocalhostLookup();
for (const kind of KINDS) await measureKind(kind);
