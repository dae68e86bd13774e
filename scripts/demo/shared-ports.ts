import type { ConfigProblem } from "agent-kit/service";
import { DEMO_PORTS, PORT_VARIABLES, type ServiceDescription, type StackPorts } from "./stack.ts";

const DEFAULTS = new Map(
  Object.entries(PORT_VARIABLES).map(([key, variable]) => [variable, DEMO_PORTS[key as keyof StackPorts]]),
);

/**
 * Ports that two parts of the stack would both listen on, one problem for each part that comes too late. Of a port at its default and one
 * that was moved there it is the moved one's variable that is wrong.
 */
export function sharedPorts(services: readonly ServiceDescription[]): ConfigProblem[] {
  const needs = services
    .flatMap((service) => service.ports)
    .map((need) => ({ ...need, isMoved: DEFAULTS.get(need.variable) !== need.port }))
    .sort((a, b) => Number(a.isMoved) - Number(b.isMoved));
  return needs.flatMap(({ port, purpose, variable }, index) => {
    const holder = needs.slice(0, index).find((other) => other.port === port);
    if (holder === undefined) return [];
    const message = `${port} is the port of ${holder.purpose} (${holder.variable}); ${purpose} needs one of its own`;
    return [{ name: variable, message }];
  });
}
