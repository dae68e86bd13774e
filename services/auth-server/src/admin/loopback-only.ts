import { BlockList } from "node:net";
import type { FastifyRequest } from "fastify";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/**
 * True when the request comes from this machine and was addressed to the server's own name. The second half keeps out web pages
 * whose own name has been pointed at loopback (DNS rebinding).
 */
export function isLocalRequest(request: FastifyRequest, host: string): boolean {
  const address = request.socket.remoteAddress ?? "";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const local = loopback.check(mapped ?? address, (mapped ?? address).includes(":") ? "ipv6" : "ipv4");
  return local && request.headers.host === host;
}
