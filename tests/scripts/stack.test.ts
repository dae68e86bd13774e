import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readDemoSettings } from "../../scripts/demo/demo-settings.ts";
import {
  DEMO_MODES,
  DEMO_PORTS,
  describeStack,
  leaveOut,
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

test("a shell's own collector does not take the demo's spans away", () => {
  for (const { env } of describeStack(DEMO_PORTS, DEMO_MODES)) {
    expect(env).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${DEMO_PORTS.traceStoreOtlp}`,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "",
    });
  }
});

test("every service comes after services that are described before it", () => {
  const services = describeStack(DEMO_PORTS, DEMO_MODES);
  services.forEach(({ after }, index) => {
    const before = services.slice(0, index).map(({ name }) => name);
    expect(before).toEqual(expect.arrayContaining([...after]));
  });
});

test("nothing waits for a service that was left out", () => {
  const services = leaveOut(describeStack(DEMO_PORTS, DEMO_MODES), ["supply-chain-agent"]);
  expect(services.map(({ name }) => name)).not.toContain("supply-chain-agent");
  expect(services.flatMap(({ after }) => after)).not.toContain("supply-chain-agent");
  expect(services.find(({ name }) => name === "gateway")?.after).toContain("gateway-authz");
});

test("a gateway that judges itself knows what gateway-authz would know, and nothing waits for that", () => {
  const { modes } = readDemoSettings({}, ["--gateway-check", "in-process"]);
  const services = describeStack(DEMO_PORTS, modes);
  const asked = describeStack(DEMO_PORTS, DEMO_MODES);
  const envOf = (described: typeof services, name: string) =>
    described.find((service) => service.name === name)!.env;
  expect(services.map(({ name }) => name)).not.toContain("gateway-authz");
  expect(services.flatMap(({ after }) => after)).not.toContain("gateway-authz");
  const { env } = services.find(({ name }) => name === "gateway")!;
  expect(env.GATEWAY_AUTHZ_IN_PROCESS).toBe(env.AAUTH_AUTHZ_HOST);
  for (const name of ["GATEWAY_AUTHZ_RESOURCES", "KEYCLOAK_URL", "KEYCLOAK_REALM"])
    expect(env[name]).toBe(envOf(asked, "gateway-authz")[name]);
  expect(envOf(asked, "gateway")).not.toHaveProperty("GATEWAY_AUTHZ_IN_PROCESS");
});

test("only user-delegated asks for consent, and lets the second hop be had by exchange", () => {
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

test.each(["agentgateway/config.yaml", "agentgateway/config-policy.yaml"])(
  "%s takes every port and identity from the environment that the stack gives it",
  async (file) => {
    const { env } = describeStack(OTHER_PORTS, DEMO_MODES).find(({ name }) => name === "gateway")!;
    const text = await readFile(new URL(`../../${file}`, import.meta.url), "utf8");
    const settings = text
      .replace(/^\s*#.*$/gm, "")
      .replace(/^ {2}(admin|stats|readiness)Addr:.*$/gm, "") // ADMIN_ADDR and so on win, and so does OTLP_ENDPOINT
      .replace(/^ {4}otlpEndpoint:.*$/gm, "");
    const expanded = settings.replace(
      /\$\{([A-Z_]+):-[^}]*\}/g,
      (_, name: string) => env[name] ?? `unset ${name}`,
    );
    expect(expanded).not.toContain("unset");
    for (const port of Object.values(DEMO_PORTS)) expect(expanded).not.toMatch(new RegExp(`:\\s?${port}\\b`));
  },
);

test("the welcome text tells of a button that the page has, and the demo's user", () => {
  const text = welcomeText(DEMO_PORTS, DEMO_MODES, 1234);
  expect(text).toContain("Ready in 1.2 s");
  expect(text).toContain(`mcp-user with password user123, press "${START_BUTTON}"`);
  const form = readFileSync(
    new URL("../../ui/src/features/optimization/request-form.tsx", import.meta.url),
    "utf8",
  );
  expect(form).toContain(START_BUTTON);
});

test("without the web page the text names neither it nor its button", () => {
  const text = welcomeText(DEMO_PORTS, { ...DEMO_MODES, ui: false }, 1);
  expect(text).not.toContain("3050");
  expect(text).not.toContain(START_BUTTON);
});
