import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { describeStack } from "../../scripts/demo/describe-stack.ts";
import { markState, PASSWORD_FILE, removeState, requireOwnState } from "../../scripts/demo/kept-state.ts";
import { DEMO_MODES, DEMO_PORTS, REPOSITORY_ROOT, stateFolders } from "../../scripts/demo/stack.ts";
import { describeReplicas } from "../../scripts/replicas/describe-replicas.ts";

// No other demo has this port.
const ports = { ...DEMO_PORTS, backend: 1 };
const folders = stateFolders(ports, DEMO_MODES);
const [data, keys] = [REPOSITORY_ROOT + folders.data, REPOSITORY_ROOT + folders.keys];

afterEach(() => {
  for (const folder of [data, keys]) rmSync(folder, { recursive: true, force: true });
});

test("the removal of state keeps an operator's keys", async () => {
  for (const folder of [data, keys]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${data}/backend.db`, "");
  for (const name of ["backend.1.json", "person-server.pem", PASSWORD_FILE])
    writeFileSync(`${keys}/${name}`, "");
  await removeState(ports, DEMO_MODES);
  expect([existsSync(data), readdirSync(keys)]).toEqual([false, ["person-server.pem"]]);
  rmSync(`${keys}/person-server.pem`);
  await removeState(ports, DEMO_MODES);
  expect(existsSync(keys)).toBe(false);
});

test.each(["user-delegated", "autonomous"] as const)(
  "the state of %s has a folder of its own, which no other mode takes",
  (authorizationScheme) => {
    const modes = { ...DEMO_MODES, authorizationScheme };
    const folder = REPOSITORY_ROOT + stateFolders(ports, modes).data;
    expect(folder === data).toBe(authorizationScheme === "autonomous");
    mkdirSync(folder, { recursive: true });
    // As earlier versions have left it.
    requireOwnState(ports, modes);
    markState(ports, modes);
    requireOwnState(ports, modes);
    writeFileSync(`${folder}/mode`, "draft-11 federated\u001b[2J\n");
    expect(() => requireOwnState(ports, modes)).toThrow(
      /keeps the state of draft-11 federated\\u001b\[2J, and this is february-2026 /,
    );
    requireOwnState(ports, { ...modes, store: "memory" });
    rmSync(folder, { recursive: true });
  },
);

test("the gateway before replicas, and no other service, logs warnings only", () => {
  const replicas = {
    store: "",
    replayStore: "",
    servers: [],
    ports: new Map([["backend", [2, 3]]] as const),
  };
  const services = describeReplicas(
    describeStack(ports, DEMO_MODES).filter(({ name }) => name === "backend" || name === "trace-store"),
    replicas,
  );
  const levels = services.map(({ name, env }) => [name, env.LOG_LEVEL]);
  expect(levels).toContainEqual(["backend", "warn"]);
  expect(levels.filter(([, level]) => level !== undefined)).toHaveLength(1);
});
