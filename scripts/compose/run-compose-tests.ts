import { globSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { stringify } from "yaml";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { cleanUpAtEnd } from "../run-program.ts";
import { runVitest } from "../run-vitest.ts";
import type { PartResult } from "../test-report.ts";
import { runContractInNamespace } from "./contract-in-namespace.ts";
import { docker, type Variables } from "./docker.ts";
import { type PreparedCompose, prepareCompose } from "./prepare-compose.ts";

const UP_LIMIT_MS = 8 * 60_000;
const COMMAND_LIMIT_MS = 60_000;
const GATEWAY_OVERRIDE = ".cache/compose/gateway-under-test.yml";
/**
 * Ports at which the contract's gateway expects the services of the tests. The stack does not use
 * them.
 */
const AUTHZ_PORT = "7170";
const SUPPLY_CHAIN_PORT = "9989";
const MARKET_ANALYSIS_PORT = "9988";
const FIRST_FAILURE_LINES = 15;

/** All runs in containers, in order. */
const runsOf = (stack: PreparedCompose): readonly (() => Promise<PartResult>)[] => [
  ...["stack", "journeys", "contract"].flatMap((folder) => vitestByFile(`tests/compose/${folder}`, stack)),
  authServerContract(stack),
  gatewayContract(stack, "config.yaml", stack.env),
  gatewayContract(stack, "config-policy.yaml", withFile(stack.env, "docker-compose.policy.yml")),
];

/**
 * Prepares the stack, runs everything against it, and takes it down. The last result's notes state
 * the real components; without Docker or base images the only result states why nothing ran.
 */
export async function runComposeTests(log: (line: string) => void): Promise<PartResult[]> {
  const startedAt = performance.now();
  const none = { part: "compose", passed: 0, skipped: 0, failures: [] as string[] };
  let stack: PreparedCompose | string;
  try {
    stack = await prepareCompose(log);
  } catch (error) {
    const failures = [(error as Error).message];
    return [{ ...none, failures, tookMs: performance.now() - startedAt }];
  }
  if (typeof stack === "string") {
    const notes = [`Skipped compose: ${stack}`];
    return [{ ...none, skipped: 1, notes, tookMs: performance.now() - startedAt }];
  }
  const prepared = stack;
  const results: PartResult[] = [];
  const down = () => {
    const args = ["compose", "down", "--volumes", "--timeout", "4"];
    return docker(args, { env: prepared.env, limitMs: COMMAND_LIMIT_MS, isCleanup: true });
  };
  const isDown = cleanUpAtEnd(() => {
    log("Taking the stack down…");
    return down();
  });
  try {
    for (const run of runsOf(prepared)) results.push(await run());
  } finally {
    await down();
    isDown();
  }
  const last = results.pop();
  if (last !== undefined) results.push({ ...last, notes: ["In the containers ran:", ...prepared.wasReal] });
  return results;
}

/**
 * A separate run for each file, because together they may exceed vitest's limit on a busy machine.
 */
function vitestByFile(folder: string, { env }: PreparedCompose) {
  return globSync(`${folder}/*.test.ts`, { cwd: REPOSITORY_ROOT })
    .sort()
    .map((file) => () => {
      const part = file.replace(/^tests\/compose\/(.+)\.test\.ts$/, "$1");
      log(part);
      return runVitest(part, ["--project=compose", file], env);
    });
}

/** Against the auth server of the running stack, with its administrator's password. */
function authServerContract({ env, image, isReal }: PreparedCompose) {
  const part = "contract of the auth server";
  return async () => {
    log(part);
    const problem = await up(env);
    if (problem !== undefined) return problem(part);
    const password = await docker(["compose", "exec", "--no-TTY", "net", "cat", "/run/admin/password"], {
      env,
    });
    return runContractInNamespace(part, {
      image,
      files: ["tests/contract/auth-server"],
      env: {
        AUTH_SERVER_TEST_URL: "http://localhost:8080",
        AUTH_SERVER_TEST_KIND: isReal("keycloak") ? "keycloak" : "embedded",
        AUTH_SERVER_TEST_PASSWORD: password.output,
      },
      composeEnv: env,
    });
  };
}

/**
 * Tests the contract against the gateway's container with the stack's file, but with the tests' own
 * agents and check behind it.
 */
function gatewayContract({ image }: PreparedCompose, file: string, stackEnv: Variables) {
  const part = `contract of the gateway, ${file}`;
  return async () => {
    log(part);
    const environment = {
      AAUTH_AUTHZ_HOST: `127.0.0.1:${AUTHZ_PORT}`,
      SUPPLY_CHAIN_AGENT_ADDR: `127.0.0.1:${SUPPLY_CHAIN_PORT}`,
      MARKET_ANALYSIS_AGENT_ADDR: `127.0.0.1:${MARKET_ANALYSIS_PORT}`,
    };
    const override = stringify({ services: { agentgateway: { environment } } });
    await writeFile(`${REPOSITORY_ROOT}${GATEWAY_OVERRIDE}`, override);
    const env = withFile(stackEnv, GATEWAY_OVERRIDE);
    const problem = await up(env, ["agentgateway-health"]);
    if (problem !== undefined) return problem(part);
    return runContractInNamespace(part, {
      image,
      files: ["tests/contract/gateway/gateway.test.ts"],
      env: {
        GATEWAY_TEST_PORT: "3000",
        GATEWAY_TEST_FILE: file,
        GATEWAY_TEST_AUTHZ_PORT: AUTHZ_PORT,
        GATEWAY_TEST_SUPPLY_CHAIN_PORT: SUPPLY_CHAIN_PORT,
        GATEWAY_TEST_MARKET_ANALYSIS_PORT: MARKET_ANALYSIS_PORT,
      },
      composeEnv: env,
    });
  };
}

/** Undefined if everything is healthy, else the failed part. */
async function up(env: Variables, services: readonly string[] = []) {
  const startedAt = performance.now();
  const args = ["compose", "up", "--detach", "--wait", "--wait-timeout", "360", ...services];
  const { status, output } = await docker(args, { env, limitMs: UP_LIMIT_MS });
  if (status === 0) return undefined;
  const text = output.trim().split("\n").slice(-FIRST_FAILURE_LINES).join("\n");
  return (part: string): PartResult => ({
    part,
    passed: 0,
    skipped: 0,
    failures: [`the stack did not start:\n${text}`],
    tookMs: performance.now() - startedAt,
  });
}

function withFile(env: Variables, file: string): Variables {
  return { ...env, COMPOSE_FILE: `${env.COMPOSE_FILE}:${file}` };
}

function log(part: string): void {
  console.log(`\n== compose: ${part} ==`);
}
