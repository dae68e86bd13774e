import { localhostLookup } from "agent-kit/service";
import { Pool } from "undici";

/** Bounds on a connection to an agent or to the check service. */
export interface UpstreamLimits {
  readonly connectTimeoutMs: number;
  /** From the request's last byte to the response's head, and again after each informational one. */
  readonly headersTimeoutMs: number;
  /** Between two parts of a response; an event stream has to send something inside it. */
  readonly idleTimeoutMs: number;
  readonly maxHeaderBytes: number;
  /** Connections to one address. */
  readonly maxConnections: number;
  /** Requests to one address at a time, those included that wait for a connection. */
  readonly maxRequests: number;
}

/** More requests than one address may have are under way. */
export class UpstreamBusy extends Error {
  override readonly name = "UpstreamBusy";
  readonly code = "too many requests are under way";
}

/** One address: an undici Pool, and how much is asked of it. `Pool.dispatch` sends path and fields as they are. */
export class Upstream {
  readonly #pool: Pool;
  readonly #maxRequests: number;
  #requests = 0;

  constructor(pool: Pool, maxRequests: number) {
    this.#pool = pool;
    this.#maxRequests = maxRequests;
  }

  /**
   * Lends the pool for one request.
   *
   * @throws UpstreamBusy undici itself queues without end
   */
  async use<Result>(work: (pool: Pool) => Promise<Result>): Promise<Result> {
    if (this.#requests >= this.#maxRequests) throw new UpstreamBusy("too many requests are under way");
    this.#requests += 1;
    try {
      return await work(this.#pool);
    } finally {
      this.#requests -= 1;
    }
  }

  destroy(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** One {@link Upstream} per address, made when it is first needed. */
export class UpstreamPools {
  readonly #upstreams = new Map<string, Upstream>();
  readonly #limits: UpstreamLimits;

  constructor(limits: UpstreamLimits) {
    this.#limits = limits;
  }

  get(address: { readonly host: string; readonly port: number }): Upstream {
    const origin = `http://${address.host}:${address.port}`;
    let upstream = this.#upstreams.get(origin);
    if (upstream === undefined) {
      const pool = new Pool(origin, {
        connections: this.#limits.maxConnections,
        pipelining: 1,
        connect: { timeout: this.#limits.connectTimeoutMs, lookup: localhostLookup as never },
        headersTimeout: this.#limits.headersTimeoutMs,
        bodyTimeout: this.#limits.idleTimeoutMs,
        maxHeaderSize: this.#limits.maxHeaderBytes,
      });
      upstream = new Upstream(pool, this.#limits.maxRequests);
      this.#upstreams.set(origin, upstream);
    }
    return upstream;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#upstreams.values()].map((upstream) => upstream.destroy()));
    this.#upstreams.clear();
  }
}
