import { readFileSync } from "node:fs";
import type { Setting } from "agent-kit/service";
import {
  CACHE_SECONDS,
  MAX_BODY_BYTES,
  TIMEOUT_MS,
} from "../../packages/aauth/src/discovery/create-discovery.ts";
import { documents } from "../../packages/aauth/src/profiles/february-2026/documents.ts";
import { AUTH_TOKEN_SECONDS as authTokenLifetimeSeconds } from "../../packages/aauth/src/profiles/february-2026/names.ts";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { settings as authServer } from "../../services/auth-server/src/config.ts";
import { settings as backend } from "../../services/backend/src/config.ts";
import { settings as supplyChainAgent } from "../../services/supply-chain-agent/src/config.ts";

/**
 * What the pages say with a number, `{}` in its place, and where the code has it. A number in a page that is in none of these sentences is
 * a mistake, too: nobody would notice when it became wrong.
 */
const SENTENCES: readonly (readonly [page: string, sentence: string, value: () => number])[] = [
  ["02", "Keys are kept for {} s", () => CACHE_SECONDS],
  ["02", "kept for {} s; addresses are guarded", () => CACHE_SECONDS],
  ["02", "{} KiB", () => MAX_BODY_BYTES / 1024],
  ["02", "{} seconds, and one new fetch", () => TIMEOUT_MS / 1000],
  ["02", "one new fetch per {} s", () => documents.refetchCooldownSeconds],
  ["03", "ends after {} s", () => authTokenLifetimeSeconds],
  ["04", "waits for at most {} minutes", () => defaultOf(authServer.consentSeconds) / 60],
  ["04", "`request_token`, good for {} s", () => defaultOf(authServer.consentSeconds)],
  [
    "04",
    "with a code good for {} s",
    () => constantIn("services/auth-server/src/grants.ts", "CODE_LIFETIME_SECONDS"),
  ],
  [
    "04",
    "nobody answers within {} minutes",
    () => constantIn("services/backend/src/services/run-service.ts", "CONSENT_LIFETIME_SECONDS") / 60,
  ],
  ["04", "until it expires, {} s at most", () => authTokenLifetimeSeconds],
  ["04", "for {} minutes at most", () => realmDefault("aauth.refresh.lifespan") / 60],
  ["05", "ends, after {} s at most", () => authTokenLifetimeSeconds],
  ["05", "`aauth.exchange.max.depth` levels ({})", () => realmDefault("aauth.exchange.max.depth")],
  ["07", "announced | yes | no | {} s", () => documents.refetchCooldownSeconds + 2],
  ["07", "at most once per {} s", () => documents.refetchCooldownSeconds],
  [
    "07",
    "({} keys at a time)",
    () => constantIn("packages/aauth/src/keys/key-ring.ts", "MAX_PUBLISHED_KEYS"),
  ],
  ["07", "refresh token does, after {} minutes at most", () => realmDefault("aauth.refresh.lifespan") / 60],
  ["08", "good for {} hour at most", () => defaultOf(backend.agentTokenSeconds) / 3600],
  ["09", "a key {} times", () => defaultOf(supplyChainAgent.cataloguePseudonymousPerMinute)],
  ["09", "an agent {} times", () => defaultOf(supplyChainAgent.catalogueIdentifiedPerMinute)],
  ["09", "an auth token {} times", () => defaultOf(supplyChainAgent.catalogueAuthorizedPerMinute)],
  [
    "09",
    "users of one agent, {} times `authorized`",
    () => constantIn("packages/fastify-aauth/src/level-limits.ts", "USERS_AT_ONCE"),
  ],
  [
    "09",
    "after {} minutes the order has failed",
    () => constantIn("services/backend/src/orders/order-service.ts", "VISIT_SECONDS") / 60,
  ],
  [
    "09",
    "a visit lasts {} minutes",
    () =>
      constantIn("services/supply-chain-agent/src/interaction/interactions.ts", "INTERACTION_SECONDS") / 60,
  ],
];

const WORDS: Readonly<Record<string, number>> = { a: 1, an: 1, one: 1, two: 2, five: 5, ten: 10 };
const QUANTITY =
  /\b(?:(\d[\d,]*|two|five|ten) (?:s|seconds|minutes|hours?|KiB|keys|levels|times|requests)|an hour|levels \(\d+\))(?![\w-])/g;

/** Numbers of a page that are not the code's, or are in none of the sentences that are compared. */
export async function wrongNumbers(page: string, text: string): Promise<string[]> {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "").replace(/\s+/g, " ");
  const problems: string[] = [];
  const compared: [from: number, to: number][] = [];
  for (const [name, sentence, value] of SENTENCES.filter(([prefix]) => page.startsWith(prefix))) {
    const pattern = sentence.split("{}").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const found = new RegExp(pattern.join("([\\w,]+)")).exec(prose);
    if (found === null) problems.push(`page ${name} does not say: ${sentence}`);
    else compared.push([found.index, found.index + found[0].length]);
    const shown = found === null ? undefined : (WORDS[found[1]!] ?? Number(found[1]!.replace(",", "")));
    if (found !== null && shown !== value()) problems.push(`${found[0]} is ${value()}`);
  }
  for (const { 0: quantity, index } of prose.matchAll(QUANTITY)) {
    if (/\btwo requests\b/.test(quantity)) continue;
    const isCompared = compared.some(([from, to]) => from <= index && index < to);
    if (!isCompared) problems.push(`compared with nothing: ${quantity}`);
  }
  return problems;
}

function defaultOf({ schema }: Setting): number {
  return Number(schema.parse(undefined));
}

function constantIn(file: string, name: string): number {
  return numberIn(file, new RegExp(`\\b${name} = ([\\d_]+);`));
}

function realmDefault(attribute: string): number {
  return numberIn(
    "services/auth-server/src/realm/policy.ts",
    new RegExp(`"${attribute}": .*\\.default\\(([\\d_]+)\\)`),
  );
}

function numberIn(file: string, pattern: RegExp): number {
  const found = pattern.exec(readFileSync(REPOSITORY_ROOT + file, "utf8"))?.[1];
  if (found === undefined) throw new Error(`${file} has no ${pattern}`);
  return Number(found.replaceAll("_", ""));
}
