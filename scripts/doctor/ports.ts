import { timeWaitText } from "agent-kit/service";
import { ConfigError } from "agent-kit/settings";
import { alreadyRunning } from "../demo/already-running.ts";
import { readDemoSettings } from "../demo/demo-settings.ts";
import { describeStack } from "../demo/describe-stack.ts";
import { type StackModes, type StackPorts, stackUrls } from "../demo/stack.ts";
import { unavailablePorts } from "../demo/taken-ports.ts";
import { type Finding, note, ok, problem } from "./finding.ts";

/** The only listener without a fixed port or a setting. */
const BEARER_TWIN = ok(
  "Bearer twin",
  'a listener of the backend for "Now break it": only after the first press, loopback, five minutes',
);

/**
 * Whether the ports that `npm run demo` would take with this environment are free, or taken by a
 * running demo.
 */
export async function portFindings(env: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  let demo: { readonly ports: StackPorts; readonly modes: StackModes };
  try {
    demo = readDemoSettings(env, []);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ name, message }) => problem("Settings", `${name}: ${message}`));
  }
  const { ports, modes } = demo;
  const stack = describeStack(ports, modes);
  const { taken, closing } = await unavailablePorts(stack);
  const waits = closing.map(({ port }) =>
    note("Ports", `${timeWaitText(port)}; npm run demo waits until it is free`),
  );
  if (taken.length === 0 && waits.length > 0) return [...waits, BEARER_TWIN];
  if (taken.length === 0) {
    const numbers = stack.flatMap(({ ports }) => ports.map(({ port }) => port)).sort((a, b) => a - b);
    return [ok("Ports", `${numbers.join(" ")} are free`), BEARER_TWIN];
  }
  const running = await alreadyRunning(stackUrls(ports));
  if (running !== undefined) return [note("Ports", running)];
  const problems = taken.map(({ port, purpose, variable }) =>
    problem(
      "Ports",
      `${port} (${purpose}) is taken: end what listens there, or set ${variable} to another port`,
    ),
  );
  return [...problems, ...waits];
}
