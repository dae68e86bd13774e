/**
 * Measures the cost of the verifier for a Fastify route: an echo of 1 KB JSON with and without it,
 * under load. Both requests have the same headers, so that the ratio contains the verification and
 * not the parsing of a longer head.
 *
 * @module
 */

import assert from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { generateSigningKey, type SigningKey, signRequest } from "aauth";
import { february2026, february2026Tokens } from "aauth/february-2026";
import { createTokenSigner } from "aauth/server";
import { Pool } from "undici";
import { freePort } from "../../scripts/demo/free-ports.ts";
import { coresLine, stayOn } from "../cores.ts";
import { quantile } from "../measure.ts";
import { type Program, startProgram } from "../program.ts";
import { printRows, publishRows, rowsOf } from "../rows.ts";
import { type LoadResult, type PreparedRequest, sendAll } from "./route/load.ts";
import { ISSUER, RESOURCE } from "./route/parties.ts";

const CONNECTIONS = 50;
const REQUESTS = 2_000;
/** Longer than the run on a busy machine. */
const TOKEN_SECONDS = 3_600;
const WARM_UP_ROUNDS = 8;
const ROUNDS = 11;

const SCHEMES = ["hwk", "jwt"] as const;
type Scheme = (typeof SCHEMES)[number];

/** One case in one round. */
interface Sample extends LoadResult {
  readonly cpuUs: number;
}
interface Round {
  readonly open: Sample;
  readonly gated: Sample;
}

const content = { "content-type": "application/json" };
const text = JSON.stringify({ text: "x".repeat(1013) });
const body = Buffer.from(text);
const key = await generateSigningKey({ kid: "k" });
const realm = generateKeyPairSync("rsa", { modulusLength: 2048 });
const token = await authToken(key);

/** Measures and prints. */
async function route(): Promise<void> {
  const jwk = { ...realm.publicKey.export({ format: "jwk" }), kid: "realm-1", alg: "RS256" };
  stayOn("load");
  const script = new URL("./route/server.ts", import.meta.url);
  const port = await freePort();
  const args = [String(port), JSON.stringify(jwk)];
  const server = await startProgram(script, { port, args, core: "measured" });
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS });
  try {
    await refusesForgeries(pool);
    const rounds: Record<Scheme, Round[]> = { hwk: [], jwt: [] };
    for (let index = -WARM_UP_ROUNDS; index < ROUNDS; index++) {
      for (const scheme of SCHEMES) {
        const round = await runRound(server, pool, scheme, index % 2 === 0);
        if (index >= 0) rounds[scheme].push(round);
      }
    }
    console.log(
      `POST 1 KB JSON, echo; ${CONNECTIONS} connections, median of ${ROUNDS} rounds. ${coresLine()}`,
    );
    for (const scheme of SCHEMES) reportScheme(scheme, rounds[scheme]);
  } finally {
    await pool.close();
    await server.stop();
  }
}

/**
 * Signs first, then sends the same requests to both routes: the open one does not spend their
 * nonces.
 */
async function runRound(server: Program, pool: Pool, scheme: Scheme, openFirst: boolean): Promise<Round> {
  const requests = await prepareMany(scheme);
  const run = async (path: string): Promise<Sample> => {
    const before = server.cpuUs();
    const result = await sendAll(pool, path, requests, CONNECTIONS);
    return { ...result, cpuUs: (server.cpuUs() - before) / REQUESTS };
  };
  const open = openFirst ? await run("/open") : undefined;
  const gated = await run(`/${scheme}`);
  return { gated, open: open ?? (await run("/open")) };
}

async function prepareMany(scheme: Scheme): Promise<PreparedRequest[]> {
  const requests: PreparedRequest[] = [];
  while (requests.length < REQUESTS) requests.push(await prepare(scheme));
  return requests;
}

function reportScheme(scheme: Scheme, rounds: readonly Round[]): void {
  const median = (of: (round: Round) => number) => quantile(rounds.map(of), 0.5);
  const name = { hwk: "scheme hwk", jwt: "scheme jwt, token seen before" }[scheme];
  console.log(`\n${name}`);
  for (const variant of ["open", "gated"] as const) {
    const latency = (q: number) => median((round) => quantile(round[variant].latenciesMs, q)).toFixed(1);
    console.log(
      `  ${variant.padEnd(5)}  ${median((round) => round[variant].requestsPerSecond).toFixed(0)} requests/s, ` +
        `${median((round) => round[variant].cpuUs).toFixed(0)} us of processor each, p50 ${latency(0.5)} ms, p99 ${latency(0.99)} ms`,
    );
  }
  const rows = rowsOf([
    {
      what: `gated route, ${name}: processor time / open route`,
      value: median(({ open, gated }) => gated.cpuUs / open.cpuUs),
    },
    {
      what: `gated route, ${name}: requests per second / open route`,
      value: median(({ open, gated }) => gated.requestsPerSecond / open.requestsPerSecond),
    },
  ]);
  printRows(rows);
  publishRows(rows);
}

async function prepare(scheme: Scheme): Promise<PreparedRequest> {
  const signatureKey = scheme === "hwk" ? ({ scheme } as const) : ({ scheme, jwt: token } as const);
  const request = { method: "POST", url: `${RESOURCE}/${scheme}`, headers: content, body };
  const { headers } = await signRequest(request, { profile: february2026, key, signatureKey });
  return { headers: { ...content, ...headers }, body };
}

async function authToken({ publicJwk }: SigningKey): Promise<string> {
  const { token } = await february2026Tokens.issueAuthToken({
    signer: await createTokenSigner(realm.privateKey, { alg: "RS256", kid: "realm-1" }),
    issuer: ISSUER,
    audience: RESOURCE,
    agent: "https://agent.example",
    confirmationKey: publicJwk,
    scope: "data:write",
    lifetimeSeconds: TOKEN_SECONDS,
  });
  return token;
}

/** A verifier that accepts forgeries would win any race. */
async function refusesForgeries(pool: Pool): Promise<void> {
  for (const scheme of SCHEMES) {
    const send = async (headers: Record<string, string>, sent: Buffer) => {
      const answer = await pool.request({ method: "POST", path: `/${scheme}`, headers, body: sent });
      await answer.body.dump();
      return answer.statusCode;
    };
    const { headers } = await prepare(scheme);
    const other = Buffer.from(text.replace("x", "y"));
    assert.equal(await send(content, body), 401, "an unsigned request");
    assert.equal(await send((await prepare(scheme)).headers, other), 401, "another body");
    assert.equal(await send(headers, body), 200);
    assert.equal(await send(headers, body), 401, "a nonce for the second time");
  }
}

await route();
