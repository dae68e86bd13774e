/**
 * `npm run delegate`: a delegate of the backend beside the demo that has the same variables. It is
 * the demo's own where that one was left out, otherwise one more: its port, address and credential
 * are those of the next free port.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { ConfigError, visibleLines } from "agent-kit/service";
import { readDemoSettings } from "./demo/demo-settings.ts";
import { describeStack, type ServiceDescription } from "./demo/describe-stack.ts";
import { proposePorts, unavailablePorts } from "./demo/taken-ports.ts";

try {
  Object.assign(process.env, await variablesFor(process.env, process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(visibleLines(error.message));
  process.exit(2);
}
await import("../services/delegate-agent/src/main.ts");

/**
 * Environment that the demo gives its delegate, with a free port. Flags of the service and other
 * variables take precedence.
 */
async function variablesFor(env: NodeJS.ProcessEnv, args: string[]): Promise<NodeJS.ProcessEnv> {
  const { ports, modes } = readDemoSettings(env, []);
  const at = (port: number) =>
    describeStack({ ...ports, delegateAgent: port }, modes).find(
      ({ name }) => name === "delegate-agent",
    ) as ServiceDescription;
  const { values } = parseArgs({ args, strict: false, options: { port: { type: "string" } } });
  const {
    taken: [taken],
  } = await unavailablePorts([at(ports.delegateAgent)]);
  const [next] = taken === undefined ? [] : (await proposePorts([taken], Object.values(ports))).values();
  const port = Number(values.port) || (next ?? ports.delegateAgent);
  return { ...at(port).env, ...env, DELEGATE_AGENT_PORT: String(port) };
}
