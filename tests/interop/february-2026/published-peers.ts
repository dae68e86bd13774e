import { startChild } from "../../support/child.ts";
import type { TestStack } from "../../support/start-stack.ts";
import type { Peers } from "./cell.ts";
import { type Box, MODES, type Mode } from "./swaps.ts";

/** Result of `demoForInterop`. */
export interface PreparedDemo {
  /** A checkout of the published demo. */
  readonly folder: string;
  readonly commit: string;
  /** A Python for each service, with what its lock file pins. */
  readonly pythons: Readonly<Record<Box, string>>;
}

const SITE = new URL("python/site", import.meta.url).pathname;

/** The published demo's services, started as its pages describe, but on ports of the stack. */
export function publishedPeers({ folder, pythons }: PreparedDemo): Peers {
  return {
    isDriven: false,
    // In this mode the published supply-chain agent requests no token: it would exchange its
    // caller's, which lacks the scope.
    variables: { MARKET_ANALYSIS_AUTONOMOUS_LEVEL: "identified" },
    async start(box, stack, mode) {
      const { port, args, env } = launch(box, stack);
      const child = startChild(pythons[box], args, {
        cwd: `${folder}/${box}`,
        env: {
          PATH: process.env.PATH,
          PYTHONPATH: SITE,
          PYTHONUNBUFFERED: "1",
          PYTHONDONTWRITEBYTECODE: "1",
          OTEL_SDK_DISABLED: "true",
          ENABLE_CONSOLE_EXPORTER: "false",
          DEBUG: "false",
          LOG_LEVEL: "info",
          ...shared(stack, mode),
          ...env,
        },
      });
      await child.prints(new RegExp(`Uvicorn running on http://[\\d.]+:${port}`));
      return child;
    },
  };
}

const shared = ({ urls }: TestStack, mode: Mode) => ({
  AAUTH_SIGNATURE_SCHEME: MODES[mode].signatureScheme,
  AAUTH_AUTHORIZATION_SCHEME: MODES[mode].authorizationScheme,
  KEYCLOAK_URL: urls.authServer,
  KEYCLOAK_REALM: new URL(urls.issuer).pathname.split("/").at(-1)!,
  KEYCLOAK_AAUTH_ISSUER_URL: urls.issuer,
  BACKEND_AGENT_URL: urls.backendAgent,
  SUPPLY_CHAIN_AGENT_ID_URL: urls.supplyChainAgent,
  MARKET_ANALYSIS_AGENT_ID_URL: urls.marketAnalysisAgent,
  MARKET_ANALYSIS_AGENT_URL: `${urls.marketAnalysisAgent}/`,
  AAUTH_RESOURCE_ADDITIONAL_SCOPES: "market-analysis:analyze",
  // It works without the missing file.
  MCP_SERVER_BASE_URL: urls.gateway,
});

function launch(box: Box, { ports, urls }: TestStack) {
  if (box === "backend") {
    const port = ports.backend;
    const args = ["-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", String(port)];
    return { port, args, env: { SUPPLY_CHAIN_AGENT_URL: urls.supplyChainAgent } };
  }
  const isSupplyChain = box === "supply-chain-agent";
  const port = isSupplyChain ? ports.supplyChainAgent : ports.marketAnalysisAgent;
  const prefix = isSupplyChain ? "SUPPLY_CHAIN_AGENT" : "MARKET_ANALYSIS_AGENT";
  const env = { [`${prefix}_PORT`]: String(port), [`${prefix}_URL`]: `http://localhost:${port}/` };
  return { port, args: ["."], env };
}

/** Undefined if the swaps have other peers. */
export const preparedDemo = (): PreparedDemo | undefined =>
  process.env.DEMO_UNDER_TEST === undefined ? undefined : JSON.parse(process.env.DEMO_UNDER_TEST);
