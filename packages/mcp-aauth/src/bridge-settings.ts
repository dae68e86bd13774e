import { readFile } from "node:fs/promises";
import { createAddressMap, createDiscovery, importSigningKey, type PrivateJwk } from "aauth";
import { type AgentOptions, createAgent } from "aauth/agent";
import { createPages, type PageOutputs } from "./open-page.ts";

/** An argument or a variable that is missing or malformed. The message names it. */
export class BridgeUsageError extends Error {
  override readonly name = "BridgeUsageError";
}

/** Usage of the bridge. */
export const USAGE = `usage: mcp-aauth https://server.example/mcp

AAUTH_AGENT             identifier of the agent, such as aauth:planner@agent.example
AAUTH_KEY_FILE          file with its private key: a JWK with a kid
AAUTH_PERSON_SERVER     person server of its person, such as https://ps.example
AAUTH_AGENT_TOKEN_FILE  file with its agent token, read for each call; default: the agent's provider publishes its key
AAUTH_ENDPOINTS         JSON object: where identifiers are on this machine, to try it out; default: where they say
`;

/** Settings of the bridge. */
export interface BridgeSettings {
  readonly url: URL;
  /** The agent's `fetch`, which brings its person to pages. */
  fetchWith(outputs: PageOutputs): typeof fetch;
}

/**
 * Reads arguments, environment and the key.
 *
 * @throws BridgeUsageError
 */
export async function readBridgeSettings(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<BridgeSettings> {
  const [address = ""] = argv;
  if (argv.length !== 1 || !URL.canParse(address))
    throw new BridgeUsageError("one argument, a URL, is needed");
  const needed = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === "") throw new BridgeUsageError(`${name} is not set`);
    return value;
  };
  const id = needed("AAUTH_AGENT");
  const personServer = needed("AAUTH_PERSON_SERVER");
  const key = await keyIn(needed("AAUTH_KEY_FILE"));
  const tokenFile = env.AAUTH_AGENT_TOKEN_FILE;
  const map = env.AAUTH_ENDPOINTS === undefined ? undefined : mapOf(env.AAUTH_ENDPOINTS);
  const options: AgentOptions = {
    id,
    key,
    personServer,
    discovery: createDiscovery({ addresses: map }),
    ...(tokenFile && { agentToken: async () => (await readFile(tokenFile, "utf8")).trim() }),
    timeouts: { waitingMs: PENDING_MS },
  };
  const agent = orUsage("AAUTH_AGENT, AAUTH_PERSON_SERVER", () => createAgent(options));
  return {
    url: new URL(address),
    fetchWith(outputs) {
      const pages = createPages(personServer, outputs);
      return async (...request) => {
        const call = {};
        const fetch = agent.fetchFor({
          onInteraction: ({ page, party }) =>
            pages.show(call, { address: map?.browserUrl(page) ?? page, party }),
          observer: ({ type }) => type === "token_received" && pages.end(call),
        });
        return fetch(...request).finally(() => pages.end(call));
      };
    },
  };
}

/** Time for a person to decide. */
const PENDING_MS = 600_000;

async function keyIn(file: string) {
  try {
    const jwk = JSON.parse(await readFile(file, "utf8")) as PrivateJwk & { readonly kid: string };
    return await importSigningKey(jwk, { kid: jwk.kid });
  } catch {
    // The message of a parser may contain a part of the file.
    throw new BridgeUsageError("AAUTH_KEY_FILE is not a file with a private JWK that has a kid");
  }
}

const mapOf = (json: string) => orUsage("AAUTH_ENDPOINTS", () => createAddressMap(JSON.parse(json)));

function orUsage<Value>(names: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw new BridgeUsageError(`${names}: ${error instanceof Error ? error.message : error}`);
  }
}
