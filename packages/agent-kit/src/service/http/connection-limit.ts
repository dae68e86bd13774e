import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { isIPv6, type Socket } from "node:net";

/** Maximum share of a listener's connections for one address. */
const ADDRESS_SHARE = 1 / 8;

/**
 * Addresses exempt by default from the limit by address: gateway and services on the same machine.
 */
export const LOCAL_ADDRESSES: readonly string[] = ["127.0.0.1", "::1"];

interface Connection {
  /** The last request without a complete response. */
  request: IncomingMessage | undefined;
}

/**
 * Bounds the connections of a server: all together, and an eighth of them for one address (IPv6:
 * one /64 network). At a limit, a connection that waits for its caller is closed in favour of the
 * new one: one of the same address, or of the address with the most connections. If all wait for
 * the service, the new connection is closed.
 *
 * Does NOT limit requests or distinguish callers behind one proxy: exempt the proxy.
 */
export class ConnectionLimit {
  readonly #maxConnections: number;
  readonly #maxPerAddress: number;
  readonly #byAddress = new Map<string, Map<Socket, Connection>>();
  readonly #connections = new Map<Socket, Connection>();
  #exempt: ReadonlySet<string> = new Set(LOCAL_ADDRESSES);

  /** @param maxConnections of all addresses together */
  constructor(server: Server, maxConnections: number) {
    this.#maxConnections = maxConnections;
    this.#maxPerAddress = Math.max(1, Math.floor(maxConnections * ADDRESS_SHARE));
    server.prependListener("connection", (socket) => this.#admit(socket));
    server.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
      const connection = this.#connections.get(request.socket);
      if (connection === undefined) return;
      connection.request = request;
      response.once("close", () => {
        if (connection.request === request) connection.request = undefined;
      });
    });
  }

  /**
   * Exempts addresses from the limit by address. Their connections count towards the common limit,
   * but are never closed for others.
   */
  exempt(addresses: readonly string[]): void {
    this.#exempt = new Set(addresses);
  }

  #admit(socket: Socket): void {
    const { remoteAddress } = socket;
    // The caller has already disconnected.
    if (remoteAddress === undefined) return;
    const address = this.#exempt.has(plain(remoteAddress)) ? plain(remoteAddress) : networkOf(remoteAddress);
    const own = this.#byAddress.get(address);
    const isFull =
      own !== undefined &&
      !this.#exempt.has(address) &&
      own.size >= this.#maxPerAddress &&
      !this.#closeOne(own);
    if (isFull || (this.#connections.size >= this.#maxConnections && !this.#closeOneOfMost())) {
      socket.destroy();
      return;
    }
    const connection = { request: undefined };
    const sockets = this.#byAddress.get(address) ?? new Map<Socket, Connection>();
    this.#byAddress.set(address, sockets.set(socket, connection));
    this.#connections.set(socket, connection);
    socket.once("close", () => this.#forget(address, sockets, socket));
  }

  #forget(address: string, sockets: Map<Socket, Connection>, socket: Socket): void {
    this.#connections.delete(socket);
    sockets.delete(socket);
    if (sockets.size === 0 && this.#byAddress.get(address) === sockets) this.#byAddress.delete(address);
  }

  #closeOneOfMost(): boolean {
    const others = [...this.#byAddress].filter(([address]) => !this.#exempt.has(address));
    return others.sort(([, a], [, b]) => b.size - a.size).some(([, sockets]) => this.#closeOne(sockets));
  }

  /** Closes the oldest connection without a complete request; false if there is none. */
  #closeOne(sockets: Map<Socket, Connection>): boolean {
    for (const [socket, { request }] of sockets) {
      if (request?.complete) continue;
      // The place is free at once, although the socket reports its end later.
      sockets.delete(socket);
      this.#connections.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }
}

/** An IPv4 address without the prefix of a dual-stack listener. */
export function plain(address: string): string {
  return address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
}

/** The network of a caller: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function networkOf(address: string): string {
  const text = plain(address);
  if (!isIPv6(text)) return text;
  const [start = "", end] = text.replace(/%.*$/, "").split("::");
  const groups = start === "" ? [] : start.split(":");
  const missing = end === undefined ? 0 : 8 - groups.length - (end === "" ? 0 : end.split(":").length);
  return [...groups, ...Array<string>(missing).fill("0"), ...(end ?? "").split(":")].slice(0, 4).join(":");
}
