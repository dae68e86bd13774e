import { DEMO_MODES, DEMO_PORTS, describeStack } from "../demo/stack.ts";
import { takenPorts } from "../demo/taken-ports.ts";
import { type Finding, ok, problem } from "./finding.ts";

/** Whether the demo's ports are free. */
export async function portFindings(stack = describeStack(DEMO_PORTS, DEMO_MODES)): Promise<Finding[]> {
  const taken = await takenPorts(stack);
  if (taken.length === 0) {
    const numbers = stack.flatMap(({ ports }) => ports.map(({ port }) => port)).sort((a, b) => a - b);
    return [ok("Ports", `${numbers.join(" ")} are free`)];
  }
  return taken.map(({ port, purpose, variable }) =>
    problem(
      "Ports",
      `${port} (${purpose}) is taken: end what listens there, or set ${variable} to another port`,
    ),
  );
}
