/**
 * The commands of docs/swap-one-box.md, unchanged, each beside Python programs in the places of the
 * boxes that are not swapped.
 */

import { globSync, readFileSync } from "node:fs";
import { installLocalhostLookup } from "agent-kit/service";
import { afterEach, expect, test } from "vitest";
import { freePorts } from "../../../scripts/demo/free-ports.ts";
import {
  DEMO_PORTS,
  PORT_VARIABLES,
  REPOSITORY_ROOT,
  type StackPorts,
  stackUrls,
} from "../../../scripts/demo/stack.ts";
import { type Child, startChild } from "../../support/child.ts";
import { runWithConsent } from "../../support/consent-run.ts";
import { commandsOf, isDemo, type ShownCommand } from "../../support/walkthrough-commands.ts";
import { factsIn, PYTHON } from "./python-peers.ts";

installLocalhostLookup();

/** The provider is built, installed and started. */
const PATIENCE_MS = 15 * 60_000;
const PROMPT = "optimize laptop supply chain and perform market analysis";

const page = readFileSync(`${REPOSITORY_ROOT}docs/swap-one-box.md`, "utf8");
const after = ({ words }: ShownCommand, flag: string) => words[words.indexOf(flag) + 1] ?? "";
const commands = commandsOf(page).filter((command) => isDemo(command) && command.words.includes("--swap"));

const children: Child[] = [];
afterEach(async () => {
  // Like Ctrl-C in a terminal: npm and the shell below it receive it, too.
  for (const { pid } of children) process.kill(-pid, "SIGINT");
  await Promise.all(children.splice(0).map(({ ended }) => ended));
});

function start(program: string, args: readonly string[], env: Record<string, string>): Child {
  const child = startChild(program, args, {
    cwd: REPOSITORY_ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, OTEL_SDK_DISABLED: "true", ...env },
  });
  children.push(child);
  return child;
}

const verdicts = (child: Child | undefined) =>
  factsIn(child?.stdout() ?? "").flatMap(({ verified, scheme }) =>
    verified === undefined ? [] : [[verified, scheme]],
  );

/**
 * A step runs the command itself; the environment sets the ports, and the mode if the words do not.
 */
async function follow(command: ShownCommand) {
  const ours = after(command, "--swap").split(",");
  const isTheirs = (box: string) => !ours.includes(box);
  const free = await freePorts(Object.keys(DEMO_PORTS).length);
  const ports = Object.fromEntries(
    Object.keys(DEMO_PORTS).map((key, index) => [key, free[index]]),
  ) as unknown as StackPorts;
  const urls = stackUrls(ports);
  const scheme = command.words.includes("--signature-scheme") ? after(command, "--signature-scheme") : "jwks";
  // The program in the backend's place has no user.
  const usual = isTheirs("backend") ? "autonomous" : "user-delegated";
  const mode = command.words.includes("--authorization-scheme")
    ? after(command, "--authorization-scheme")
    : usual;
  const env = {
    ...Object.fromEntries(
      Object.entries(PORT_VARIABLES).map(([key, variable]) => [
        variable,
        String(ports[key as keyof StackPorts]),
      ]),
    ),
    AAUTH_AUTHORIZATION_SCHEME: mode,
  };

  // Our services replace the published gateway and Keycloak with the published extension.
  for (const box of ["gateway", "auth-server"].filter(isTheirs)) {
    const args = ["scripts/demo/main.ts", "--swap", box];
    await start(process.execPath, args, env).prints(/^Ready in/m);
  }
  const resource = (box: string, port: number, id: string, scope: string, next: readonly string[] = []) => {
    if (!isTheirs(box)) return undefined;
    const args = [
      `tests/interop/february-2026/python/resource.py`,
      String(port),
      id,
      urls.issuer,
      scope,
      mode,
      ...next,
    ];
    return start(PYTHON, args, {});
  };
  const analyze = "market-analysis:analyze";
  const market = resource(
    "market-analysis-agent",
    ports.marketAnalysisAgent,
    urls.marketAnalysisAgent,
    analyze,
  );
  const passedOn = mode === "user-delegated" ? ` ${analyze}` : "";
  const supplyChain = resource(
    "supply-chain-agent",
    ports.supplyChainAgent,
    urls.supplyChainAgent,
    `supply-chain:optimize${passedOn}`,
    [urls.marketAnalysisAgent],
  );
  for (const child of [market, supplyChain]) await child?.prints(/"ready": true/);

  const demo = start("sh", ["-c", command.line], env);
  await demo.prints(/^Ready in/m);
  if (!isTheirs("backend")) {
    const { status } = await runWithConsent({ urls } as Parameters<typeof runWithConsent>[0], PROMPT);
    return { demo, status, supplyChain, market };
  }
  const args = [
    "tests/interop/february-2026/python/agent.py",
    String(ports.backend),
    urls.supplyChainAgent,
    scheme,
  ];
  const backend = start(PYTHON, args, {});
  await backend.prints(/"step": "end"/);
  const [last] = factsIn(backend.stdout())
    .filter(({ step }) => step !== "end")
    .slice(-1);
  return { demo, status: last.status === 200 ? "completed" : last, supplyChain, market };
}

/** After its download. */
const hasKeycloak = globSync(`${REPOSITORY_ROOT}.cache/keycloak/*/bin/kc.sh`).length > 0;

const IDENTIFIED = [true, "jwks"];
const AUTHORIZED = [true, "jwt"];

test("every step is here", () => {
  expect(commands.map((command) => after(command, "--swap"))).toEqual([
    "gateway",
    "gateway,backend",
    "gateway,backend,supply-chain-agent",
    "gateway,backend,supply-chain-agent,market-analysis-agent",
    "gateway,backend,supply-chain-agent,market-analysis-agent,auth-server",
    "gateway",
    "market-analysis-agent",
  ]);
});

for (const command of commands) {
  const isKeycloak = after(command, "--auth-server") === "keycloak";
  test.skipIf(isKeycloak && !hasKeycloak)(
    command.line,
    async () => {
      const ours = after(command, "--swap").split(",");
      const { demo, status, supplyChain, market } = await follow(command);
      expect(status).toBe("completed");
      const isSignatureOnly = command.words.includes("signature-only");
      const seen = isSignatureOnly ? [[true, "hwk"]] : [IDENTIFIED, AUTHORIZED];
      if (!ours.includes("supply-chain-agent")) expect(verdicts(supplyChain)).toEqual(seen);
      if (!ours.includes("market-analysis-agent"))
        expect(verdicts(market)).toEqual(isSignatureOnly ? [IDENTIFIED] : [IDENTIFIED, AUTHORIZED]);
      // Names exactly those parties that are still the published demo's.
      expect(demo.text().includes("These peers do not cover the body")).toBe(!isKeycloak);
    },
    isKeycloak ? PATIENCE_MS : undefined,
  );
}
