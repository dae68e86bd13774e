import { type ListenerKey, PORTS } from "topology";

/**
 * One of the ports of the demo that has these variables, for the defaults of commands beside it.
 * The demo itself refuses what is not a port.
 */
export function portOfDemo(key: ListenerKey, env: NodeJS.ProcessEnv): number {
  const { port, variable } = PORTS[key];
  return Number(env[variable]) || port;
}
