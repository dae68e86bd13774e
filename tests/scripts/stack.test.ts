import { readFileSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "agent-kit/settings";
import { expect, test } from "vitest";
import { readDemoSettings } from "../../scripts/demo/demo-settings.ts";
import { describeStack, leaveOut } from "../../scripts/demo/describe-stack.ts";
import {
  DEMO_MODES,
  DEMO_PORTS,
  REPOSITORY_ROOT,
  type StackModes,
  type StackPorts,
  stackUrls,
} from "../../scripts/demo/stack.ts";
import { START_BUTTON, welcomeText } from "../../scripts/demo/welcome.ts";

const OTHER_PORTS = Object.fromEntries(
  Object.keys(DEMO_PORTS).map((key, index) => [key, 40_001 + index]),
) as unknown as StackPorts;

test("the identities of the demo", () => {
  expect(stackUrls(DEMO_PORTS)).toMatchObject({
    backendAgent: "http://backend.localhost:8000",
    supplyChainAgent: "http://supply-chain-agent.localhost:3000",
    marketAnalysisAgent: "http://market-analysis-agent.localhost:3000",
    issuer: "http://localhost:8080/realms/aauth-test",
    ui: "http://localhost:3050",
  });
});

test("a shell's own collector does not receive the demo's spans", () => {
  for (const { env } of describeStack(DEMO_PORTS, DEMO_MODES)) {
    expect(env).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${DEMO_PORTS.traceStoreOtlp}`,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "",
    });
  }
});

test("no service waits for one that was left out", () => {
  const services = leaveOut(describeStack(DEMO_PORTS, DEMO_MODES), ["supply-chain-agent"]);
  expect(services.map(({ name }) => name)).not.toContain("supply-chain-agent");
  expect(services.flatMap(({ after }) => after)).not.toContain("supply-chain-agent");
  expect(services.find(({ name }) => name === "gateway")?.after).toContain("gateway-authz");
});

test("draft-11: identities have no port, and one table says where they are", () => {
  const modes: StackModes = { ...DEMO_MODES, profile: "draft-11", mode: "federated", delegate: false };
  const services = describeStack(DEMO_PORTS, modes);
  for (const { env } of services) {
    expect(env).toMatchObject({ AAUTH_PROFILE: "draft-11", AAUTH_MODE: "federated" });
    expect(env.AAUTH_ENDPOINTS).toBe(services[0]!.env.AAUTH_ENDPOINTS);
  }
  expect(services[0]!.env.AAUTH_ENDPOINTS!.split(" ")).toEqual([
    "https://backend.localhost=http://127.0.0.1:8000,http://localhost:8000",
    "https://supply-chain-agent.localhost=http://127.0.0.1:3000,http://supply-chain-agent.localhost:3000",
    "https://market-analysis-agent.localhost=http://127.0.0.1:3000,http://market-analysis-agent.localhost:3000",
    "https://person-server.localhost=http://127.0.0.1:8081,http://localhost:8081",
    "https://access-server.localhost=http://127.0.0.1:8081,http://localhost:8081",
    "https://visitor.localhost=http://127.0.0.1:9996",
  ]);
  const backend = services.find(({ name }) => name === "backend")!.env;
  expect(backend).toMatchObject({
    BACKEND_AGENT_URL: "https://backend.localhost",
    SUPPLY_CHAIN_AGENT_URL: "https://supply-chain-agent.localhost",
  });
  for (const { env } of describeStack(DEMO_PORTS, DEMO_MODES))
    expect(env).toMatchObject({ AAUTH_PROFILE: "february-2026" });
});

test.each([
  ["draft-11", "config-policy.yaml", "february-2026"],
  ["draft-11", "config.yaml", "february-2026"],
  ["february-2026", "config-draft-11-policy.yaml", "draft-11"],
  ["february-2026", "config-draft-11.yaml", "draft-11"],
])(
  "with profile %s the gateway file %s of the other profile is refused at the start",
  (profile, name, its) => {
    const read = (file: string) => readDemoSettings({}, ["--profile", profile, "--policy", file]);
    const file = `agentgateway/${name}`;
    expect(() => read(file)).toThrow(`--policy: ${file} is for ${its}, and this is ${profile}: take`);
  },
);

test.each(["config-policy.yaml", "config-draft-11-policy.yaml"])(
  "the gateway file %s is taken by its own profile, and one for both by both",
  async (name) => {
    const own = name.includes("draft-11") ? "draft-11" : "february-2026";
    const text = await readFile(`${REPOSITORY_ROOT}agentgateway/${name}`, "utf8");
    const folder = await mkdtemp(join(tmpdir(), "policy-"));
    const both = join(folder, "both.yaml");
    const silent = join(folder, "silent.yaml");
    const profiles = `x-aauth-profiles: '"february-2026 draft-11"'`;
    await writeFile(
      both,
      text.replace(/x-aauth-profiles: .*/g, "").replace("x-aauth-mode", `${profiles}\n x-aauth-mode`),
    );
    await writeFile(silent, text.replace(/x-aauth-(?:profiles|authority): .*/g, ""));
    const read = (profile: string, file: string) =>
      readDemoSettings({}, ["--profile", profile, "--policy", file]).modes.policyFile;
    expect(read(own, `agentgateway/${name}`)).toContain(name);
    for (const profile of ["february-2026", "draft-11"])
      for (const file of [both, silent]) expect(read(profile, file)).toBe(file);
  },
);

test("draft-11 by flags: its own gateway file, and no February-only service", () => {
  const read = (...argv: string[]) => readDemoSettings({}, ["--profile", "draft-11", ...argv]);
  const { modes } = read("--mode", "agent-identity");
  expect(modes).toMatchObject({ profile: "draft-11", mode: "agent-identity", delegate: true });
  expect(modes.policyFile).toMatch(/agentgateway\/config-draft-11\.yaml$/);
  expect(readDemoSettings({}, []).modes).toMatchObject({ profile: "february-2026", delegate: true });
  expect(() => read("--swap", "backend")).toThrow(/--swap.*published demo does not speak draft-11/);
  expect(() => readDemoSettings({}, ["--mode", "federated"])).toThrow(/--mode.*--profile draft-11/);
  expect(() => read("--mode", "autonomous")).toThrow(/AAUTH_MODE|--mode/);
  expect(() => read("--authorization-scheme", "user-delegated")).toThrow(/add --profile february-2026/);
  // Refused even with its default value, because the user expects an effect.
  expect(() => read("--authorization-scheme", "autonomous")).toThrow(/add --profile february-2026/);
  expect(() => read("--signature-scheme", "jwks")).toThrow(/add --profile february-2026/);
  expect(() => readDemoSettings({}, ["--mode", "person-server"])).toThrow(/--mode.*--profile draft-11/);
  const defaults = { AAUTH_PROFILE: "draft-11", AAUTH_AUTHORIZATION_SCHEME: "autonomous" };
  expect(readDemoSettings(defaults, []).modes).toMatchObject({ profile: "draft-11" });
});

test("the welcome text names the profile and the mode", () => {
  expect(welcomeText(DEMO_PORTS, DEMO_MODES, { readyAfterMs: 1 })).toContain("AAuth of February 2026");
  const federated = { ...DEMO_MODES, profile: "draft-11", mode: "federated" } as const;
  const text = welcomeText(DEMO_PORTS, federated, { readyAfterMs: 1 });
  expect(text).toContain("draft -11, mode federated");
  expect(text).toContain("https://access-server.localhost");
  expect(text).toContain("http://localhost:8081/granted");
  const ownersPage = "http://localhost:8081/access/granted";
  expect(text).not.toContain(ownersPage);
  const owned = welcomeText(DEMO_PORTS, federated, { readyAfterMs: 1, owners: "name:second-user" });
  expect(owned).toContain(`For owners (second-user)  ${ownersPage}`);
});

test("only user-delegated requires consent, and allows the second hop by exchange", () => {
  const asking = (authorizationScheme: StackModes["authorizationScheme"]) => {
    const services = describeStack(DEMO_PORTS, { ...DEMO_MODES, authorizationScheme });
    const variable = (service: string, name: string) =>
      services.find((description) => description.name === service)!.env[name];
    return [
      variable("auth-server", "AUTH_SERVER_CONSENT_SCOPES"),
      variable("supply-chain-agent", "AAUTH_RESOURCE_ADDITIONAL_SCOPES"),
    ];
  };
  expect(asking("user-delegated")).toEqual(["supply-chain:optimize", "market-analysis:analyze"]);
  expect(asking("autonomous")).toEqual([undefined, undefined]);
  expect(asking("signature-only")).toEqual([undefined, undefined]);
});

test("a second stack shares no port and no identity with the demo", () => {
  const text = JSON.stringify(describeStack(OTHER_PORTS, { ...DEMO_MODES, policyFile: "x.yaml" }));
  for (const port of Object.values(DEMO_PORTS)) expect(text).not.toMatch(new RegExp(`\\b${port}\\b`));
});

test.each([
  "agentgateway/config.yaml",
  "agentgateway/config-policy.yaml",
  "agentgateway/config-draft-11.yaml",
])("%s takes every port and identity from the stack's environment", async (file) => {
  const { env } = describeStack(OTHER_PORTS, DEMO_MODES).find(({ name }) => name === "gateway")!;
  const text = await readFile(new URL(`../../${file}`, import.meta.url), "utf8");
  const settings = text
    .replace(/^\s*#.*$/gm, "")
    .replace(/^ {2}(admin|stats|readiness)Addr:.*$/gm, "") // ADMIN_ADDR and so on win at Agentgateway; OTLP_ENDPOINT wins at both
    .replace(/^ {4}otlpEndpoint:.*$/gm, "");
  const expanded = settings.replace(
    /\$\{([A-Z_0-9]+):-[^}]*\}/g,
    (_, name: string) => env[name] ?? `unset ${name}`,
  );
  expect(expanded).not.toContain("unset");
  for (const port of Object.values(DEMO_PORTS)) expect(expanded).not.toMatch(new RegExp(`:\\s?${port}\\b`));
});

test("the welcome text names the work of an earlier start", () => {
  const text = (continues?: string) => welcomeText(DEMO_PORTS, DEMO_MODES, { readyAfterMs: 1, continues });
  expect(text("3 runs, 1 open order")).toContain(
    "It continues what .data/february-2026-8000 keeps: 3 runs, 1 open order; npm run demo -- --fresh",
  );
  expect(text("")).toContain("It continues what .data/february-2026-8000 keeps; npm run demo -- --fresh");
  expect(text()).not.toContain("continues");
});

test("the welcome text names a button of the page, and the demo's user", () => {
  const text = welcomeText(DEMO_PORTS, DEMO_MODES, { readyAfterMs: 1234 });
  expect(text).toContain("Ready in 1.2 s");
  expect(text).toContain(`mcp-user with password user123, press "${START_BUTTON}"`);
  const form = readFileSync(
    new URL("../../ui/src/features/optimization/request-form.tsx", import.meta.url),
    "utf8",
  );
  expect(form).toContain(START_BUTTON);
});

test("the text separates what a browser opens from what programs call", () => {
  const text = welcomeText(DEMO_PORTS, DEMO_MODES, { readyAfterMs: 1 });
  const [, pages = "", programs = ""] = text.split(/^For .*:$/m);
  expect(pages.match(/http:\S+/g)).toEqual(["http://localhost:3050", "http://localhost:16686"]);
  expect(programs).toContain("http://supply-chain-agent.localhost:3000\n");
  expect(pages).not.toContain("supply-chain-agent");
  expect(text).not.toContain("eft out");
});

test("a service that was left out is marked, and the command that starts it is there before the button", () => {
  const text = welcomeText(DEMO_PORTS, DEMO_MODES, { readyAfterMs: 1, leftOut: ["supply-chain-agent"] });
  expect(text).toMatch(/^ {2}Supply-chain agent .*:3000 {2}\(left out\)$/m);
  expect(text).toContain(
    "\n  npm run demo -- --only supply-chain-agent\n\nOnce it runs, open http://localhost:3050, ",
  );
});

test.each([
  [
    { LOG_LEVEL: "loud", LOG_FORMAT: "xml" },
    [/^LOG_LEVEL: expected .* got "loud"/, /^LOG_FORMAT: .* got "xml"/],
  ],
  [{ LOG_TRACE_IDS: "maybe" }, [/^LOG_TRACE_IDS: expected true or false, got "maybe"/]],
  [{ UI_PORT: "0" }, [/^UI_PORT: expected a whole number from 1 to 65535, got "0"/]],
])("refused before anything starts: %o", (env, expected) => {
  const problems = () => {
    try {
      readDemoSettings(env, []);
    } catch (error) {
      if (error instanceof ConfigError)
        return error.problems.map(({ name, message }) => `${name}: ${message}`);
      throw error;
    }
    return [];
  };
  expect(problems()).toEqual(expected.map((text) => expect.stringMatching(text)));
});

test("boxes of a published demo swapped for ours: they are started alone, and the others are named as its peers", () => {
  const { modes, without } = readDemoSettings({}, ["--swap", "gateway,backend"]);
  const services = leaveOut(describeStack(DEMO_PORTS, modes), without);
  expect(services.map(({ name }) => name)).toEqual(["gateway-authz", "gateway", "backend"]);
  const peers = [
    "http://localhost:8080/realms/aauth-test",
    "http://supply-chain-agent.localhost:3000",
    "http://market-analysis-agent.localhost:3000",
  ].join(" ");
  for (const { env } of services) expect(env.AAUTH_PUBLISHED_PEERS).toBe(peers);
  const leftOut = without;
  const text = welcomeText(DEMO_PORTS, modes, { readyAfterMs: 1, leftOut });
  expect(text).toMatch(/^ {2}Supply-chain agent .*:3000 {2}\(the published demo's\)$/m);
  expect(text).toMatch(/^ {2}Backend .*:8000$/m);
  expect(text).not.toContain("eft out");
});

test("if all boxes that sign are ours, the peers are those in the environment", () => {
  const all = "backend,supply-chain-agent,market-analysis-agent,auth-server";
  const { modes } = readDemoSettings({}, ["--swap", all]);
  for (const { env } of describeStack(DEMO_PORTS, modes)) expect(env.AAUTH_PUBLISHED_PEERS).toBe("");
  const AAUTH_PUBLISHED_PEERS = "http://a.example";
  const beside = readDemoSettings({ AAUTH_PUBLISHED_PEERS }, ["--swap", all]);
  for (const { env } of describeStack(DEMO_PORTS, beside.modes))
    expect(env.AAUTH_PUBLISHED_PEERS).toBe(AAUTH_PUBLISHED_PEERS);
});

test("beside a swap, the environment adds peers to those that are named for it", () => {
  const market = "http://market-analysis-agent.localhost:3000";
  const env = { AAUTH_PUBLISHED_PEERS: `http://a.example,${market}` };
  const { modes } = readDemoSettings(env, ["--swap", "gateway,backend,supply-chain-agent,auth-server"]);
  expect(modes.publishedPeers).toEqual([market, "http://a.example"]);
  expect(() => readDemoSettings({ AAUTH_PUBLISHED_PEERS: "http://a.example/" }, [])).toThrow(
    "AAUTH_PUBLISHED_PEERS: expected URLs in canonical form",
  );
});

test("without a swap the environment names the peers", () => {
  const { modes } = readDemoSettings({}, []);
  for (const { env } of describeStack(DEMO_PORTS, modes))
    expect(env).not.toHaveProperty("AAUTH_PUBLISHED_PEERS");
});

test("a box that there is not cannot be swapped", () => {
  expect(() => readDemoSettings({}, ["--swap", "gatway"])).toThrow("--swap: there is no service gatway");
});
