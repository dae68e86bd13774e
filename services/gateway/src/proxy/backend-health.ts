import type { Address } from "../configuration/document-schema.ts";

/** Key of an address: `host:port` in lower case. */
export const addressKey = (host: string, port: number | string): string => `${host.toLowerCase()}:${port}`;

/** Determines the order in which requests try addresses, and records recently unreachable ones. */
export class BackendHealth {
  readonly #downMs: number;
  readonly #downUntilMs = new Map<string, number>();
  /** By list of addresses, so that a reloaded file starts over and an old one is forgotten. */
  readonly #turns = new WeakMap<readonly Address[], number>();

  /** @param downMs milliseconds for which an unreachable address comes last */
  constructor(downMs: number) {
    this.#downMs = downMs;
  }

  /**
   * The addresses in the order in which a request tries them, each once: round robin, with
   * unreachable ones last. Those are still tried when no other is left, so that a single address is
   * reached as soon as it recovers.
   */
  inOrder(addresses: readonly Address[]): Address[] {
    const turn = this.#turns.get(addresses) ?? 0;
    this.#turns.set(addresses, (turn + 1) % addresses.length);
    const byKey = new Map<string, Address>();
    for (const address of [...addresses.slice(turn), ...addresses.slice(0, turn)]) {
      const key = addressKey(address.host, address.port);
      if (!byKey.has(key)) byKey.set(key, address);
    }
    const up = [...byKey].filter(([key]) => !this.#isDown(key));
    const down = [...byKey].filter(([key]) => this.#isDown(key));
    return [...up, ...down].map(([, address]) => address);
  }

  markDown(key: string): void {
    this.#downUntilMs.set(key, performance.now() + this.#downMs);
  }

  markUp(key: string): void {
    this.#downUntilMs.delete(key);
  }

  #isDown(key: string): boolean {
    return performance.now() < (this.#downUntilMs.get(key) ?? 0);
  }
}
