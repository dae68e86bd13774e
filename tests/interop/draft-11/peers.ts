/** Starts the peers' programs and reads the facts they print. */

import { setTimeout as pause } from "node:timers/promises";
import { freePorts } from "../../../scripts/demo/free-ports.ts";
import type { PeersOfDraft11 } from "../../../scripts/interop-draft-11.ts";
import { type Child, startChild } from "../../support/child.ts";
import { startDemoServers } from "./demo-servers.ts";
import { callWithOurAgent } from "./our-agent.ts";
import { startOurServers } from "./our-servers.ts";
import { type OurParty, startOurResource } from "./ours.ts";
import { byIdentifier, type Endpoints, type Fact, PARTIES, type Role, type Step } from "./parties.ts";

export const PEERS: PeersOfDraft11 = JSON.parse(process.env.PEERS_UNDER_TEST!);

/**
 * Whether a case with these parties belongs to this run: with the Rust peer only its cases, without
 * it all others.
 */
export const isUnderTest = (...peers: readonly string[]): boolean =>
  peers.includes("aauth-protocol") === (PEERS.rust !== undefined);

const file = (name: string) => new URL(name, import.meta.url).pathname;

/** The command of each program, by role and peer. */
const PROGRAMS = {
  agent: {
    "introspection-aauth": [PEERS.introspection, file("python/agent.py")],
    "aauth-protocol": [PEERS.rust, "agent"],
  },
  resource: {
    "regent-httpsig": [PEERS.regent, file("python/resource.py")],
    "aauth-protocol": [PEERS.rust, "resource"],
  },
  ps: {
    "introspection-aauth": [PEERS.introspection, file("python/servers.py")],
    "@hellocoop/mockin": [process.execPath, file("js/mockin.mjs"), PEERS.js],
  },
} as const;

export type ProgramRole = keyof typeof PROGRAMS;

/** The program that signs or verifies one message per line, by peer. */
export const MESSAGES = {
  "introspection-aauth": [PEERS.introspection, file("python/messages_introspection.py")],
  "regent-httpsig": [PEERS.regent, file("python/messages_regent.py")],
  aauth: [PEERS.regent, file("python/messages_aauth.py")],
  "aauth-protocol": [PEERS.rust, "messages"],
} as const;

/** The parties of one setting: their addresses, and those that run as programs. */
export interface Setting {
  readonly endpoints: Endpoints;
  /** Starts a server and waits until it listens. */
  start(role: ProgramRole, peer: string, args?: readonly string[]): Promise<void>;
  /** Runs an agent to its end. */
  call(peer: string, args: readonly string[]): Promise<Step[]>;
  /** Output of the servers since the last call. */
  facts(): Fact[];
  stop(): Promise<void>;
}

/** @param fixed ports of parties that do not choose theirs. Default: none */
export async function createSetting(fixed: Partial<Record<Role, number>> = {}): Promise<Setting> {
  const roles = Object.keys(PARTIES) as Role[];
  const ports = await freePorts(roles.length);
  const at = roles.map((role, index) => [role, `http://127.0.0.1:${fixed[role] ?? ports[index]}`]);
  const endpoints: Endpoints = Object.fromEntries(at);
  const parties = JSON.stringify(byIdentifier(endpoints));
  const servers: Child[] = [];
  const seen = new Map<object, number>();
  const ours: OurParty[] = [];
  const run = (role: ProgramRole, peer: string, args: readonly string[]) => {
    const [program, ...before] = (PROGRAMS[role] as Record<string, readonly string[]>)[peer]!;
    return startChild(program!, [...before, ...args], { env: { ...process.env, PARTIES: parties } });
  };
  return {
    endpoints,
    async start(role, peer, args = []) {
      if (peer === "ours, in the demo") {
        ours.push(await startDemoServers(endpoints, args));
        return;
      }
      if (peer === "ours") {
        ours.push(await (role === "ps" ? startOurServers : startOurResource)(endpoints));
        return;
      }
      const child = run(role, peer, args);
      servers.push(child);
      await child.prints(/"ready": ?true/);
    },
    async call(peer, args) {
      if (peer === "ours") return callWithOurAgent(endpoints, args);
      const child = run("agent", peer, args);
      const { status } = await child.ended;
      if (status !== 0) throw new Error(`the agent of ${peer} failed: ${child.stderr()}`);
      // Output of the servers may still be in their pipes.
      await pause(20);
      return lines<Step>(child.stdout()).filter(({ status: answered }) => answered !== undefined);
    },
    facts() {
      const fresh = (source: object, all: readonly Fact[]) => {
        const from = seen.get(source) ?? 0;
        seen.set(source, all.length);
        return all.slice(from);
      };
      const printed = servers.flatMap((child) => fresh(child, lines<Fact>(child.stdout())));
      return [...printed, ...ours.flatMap((party) => fresh(party, party.facts()))];
    },
    async stop() {
      for (const { process: running } of servers) running.kill("SIGTERM");
      await Promise.all(ours.map((party) => party.stop()));
    },
  };
}

/** The complete lines of JSON. */
function lines<T>(text: string): T[] {
  return text
    .split("\n")
    .slice(0, -1)
    .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as T] : []));
}

/** Outcome of a run: `verified`, `served unverified`, or `refused (CODE, HOP)`. */
export function verdictOf(steps: readonly Step[], facts: readonly Fact[]): string {
  const last = steps.findLast(({ step }) => !step.endsWith("again"));
  if (last === undefined) return "nothing was called";
  const isAtResource = last.step === "unsigned" || last.step.endsWith(" token");
  if (last.status === 200 && isAtResource) {
    const judged = facts.findLast(({ verified }) => verified !== undefined);
    return judged?.verified === true ? "verified" : "served unverified";
  }
  const hop = isAtResource ? "resource" : "person server";
  // An agent may not print the code of its answer, but the server does.
  const answered = facts.findLast(({ party, code }) => party === PARTIES.ps && code);
  return `refused (${last.code ?? (isAtResource ? undefined : answered?.code) ?? last.status}, ${hop})`;
}
