import { localhostLookup } from "service-kit";
import { Pool } from "undici";

/** Bounds on a connection to an agent or to the check service. */
export interface UpstreamLimits {
  readonly connectTimeoutMs: number;
  /** From the request's last byte to the response's head. */
  readonly headersTimeoutMs: number;
  /** Between two parts of a response; an event stream has to send something inside it. */
  readonly idleTimeoutMs: number;
  readonly maxHeaderBytes: number;
  /** Connections to one address. */
  readonly maxConnections: number;
}

/** One undici Pool per address, made when it is first needed. `Pool.dispatch` sends path and fields as they are. */
export class UpstreamPools {
  readonly #pools = new Map<string, Pool>();
  readonly #limits: UpstreamLimits;

  constructor(limits: UpstreamLimits) {
    this.#limits = limits;
  }

  get(address: { readonly host: string; readonly port: number }): Pool {
    const origin = `http://${address.host}:${address.port}`;
    let pool = this.#pools.get(origin);
    if (pool === undefined) {
      pool = new Pool(origin, {
        connections: this.#limits.maxConnections,
        pipelining: 1,
        connect: { timeout: this.#limits.connectTimeoutMs, lookup: localhostLookup as never },
        headersTimeout: this.#limits.headersTimeoutMs,
        bodyTimeout: this.#limits.idleTimeoutMs,
        maxHeaderSize: this.#limits.maxHeaderBytes,
      });
      this.#pools.set(origin, pool);
    }
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
    this.#pools.clear();
  }
}
