import { fileURLToPath } from "node:url";
import type { ServiceDescription, StackPorts, StackUrls } from "../../scripts/demo/stack.ts";
import { stackUrls } from "../../scripts/demo/stack.ts";
import type { Replacement } from "./flow-stack.ts";
import { type FrozenMessages, freezeMessages } from "./frozen-messages.ts";

/** What a plain service is told. */
export interface PlainServiceOptions {
  readonly name: PlainServiceName;
  readonly port: number;
  readonly urls: StackUrls;
  readonly logLevel: string;
  /** False: the supply-chain agent asks for a token in every flow. */
  readonly keepsTokens: boolean;
}

const PROGRAM = fileURLToPath(new URL("./plain-service.ts", import.meta.url));

const PORTS = {
  "auth-server": "authServer",
  "gateway-authz": "gatewayAuthz",
  "market-analysis-agent": "marketAnalysisAgent",
  "supply-chain-agent": "supplyChainAgent",
} as const satisfies Readonly<Record<string, keyof StackPorts>>;

export type PlainServiceName = keyof typeof PORTS;

/** Where the callers of a plain flow ask for tokens. */
export const plainTokenUrl = (urls: StackUrls): string => `${urls.issuer}/protocol/aauth/agent/token`;

/**
 * Every service but the gateway gives way to its plain counterpart; the gateway and its configuration are the demo's.
 */
export function plainReplacement(options: { keepsTokens: boolean; logLevel: string }): Replacement {
  const { keepsTokens, logLevel } = options;
  return ({ name }: ServiceDescription, ports: StackPorts) => {
    const urls = stackUrls(ports);
    if (!isPlainService(name)) return undefined;
    const told: PlainServiceOptions = { name, port: ports[PORTS[name]], urls, keepsTokens, logLevel };
    return [PROGRAM, JSON.stringify(told)];
  };
}

function isPlainService(name: string): name is PlainServiceName {
  return Object.hasOwn(PORTS, name);
}

/** Whether a message comes with an auth token, real or not. */
export function hasToken(headers: Readonly<Record<string, unknown>>): boolean {
  return String(headers["signature-key"]).includes("jwt=");
}

/** What a plain program repeats: the messages of the second hop. */
export function plainMessages(urls: StackUrls): Promise<FrozenMessages> {
  return freezeMessages({
    agent: urls.supplyChainAgent,
    resource: urls.marketAnalysisAgent,
    issuer: urls.issuer,
  });
}
