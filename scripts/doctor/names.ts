import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { type Finding, ok, problem } from "./finding.ts";

type Lookup = (name: string) => Promise<readonly { address: string }[]>;
const systemLookup: Lookup = (name) => lookup(name, { all: true });

/** Whether `localhost` and `*.localhost` are this machine. Only the first has to be. */
export async function nameFindings(find: Lookup = systemLookup): Promise<Finding[]> {
  const [local, agent] = await Promise.all([
    addresses("localhost", find),
    addresses("supply-chain-agent.localhost", find),
  ]);
  const localhost =
    local.length > 0 && local.every(isLoopback)
      ? ok("Names", `localhost is ${local.join(" and ")}`)
      : problem(
          "Names",
          `localhost is ${local.join(" and ") || "unknown"}: it must be 127.0.0.1 in /etc/hosts`,
        );
  if (agent.length > 0 && !agent.every(isLoopback)) {
    const text = `supply-chain-agent.localhost leads to ${agent.join(" and ")}: take it out of the name server or /etc/hosts`;
    return [localhost, problem("Names", text)];
  }
  const how =
    agent.length > 0
      ? "this system knows them"
      : "not known to this system; the services and browsers know them by themselves";
  return [localhost, ok("Names", `*.localhost: ${how}`)];
}

async function addresses(name: string, find: Lookup): Promise<string[]> {
  try {
    return (await find(name)).map(({ address }) => address);
  } catch {
    return [];
  }
}

function isLoopback(address: string): boolean {
  return isIP(address) === 4 ? address.startsWith("127.") : address === "::1";
}
