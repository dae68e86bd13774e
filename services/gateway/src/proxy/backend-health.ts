import type { Address } from "../configuration/document-schema.ts";

/** Address as a key: `host:port`, lower case. */
export const addressKey = (host: string, port: number | string): string => `${host.toLowerCase()}:${port}`;

/** Order in which a request tries addresses, and which of them could not be reached recently. */
export class BackendHealth {
  readonly #downMs: number;
  readonly #downUntilMs = new Map<string, number>();
  /** By list of addresses, so that a reloaded file begins again and an old one is forgotten. */
  readonly #turns = new WeakMap<readonly Address[], number>();

  /** @param downMs how long an address that could not be reached comes last, milliseconds */
  constructor(downMs: number) {
    this.#downMs = downMs;
  }

  /**
   * The addresses in the order in which a request tries them, each once: each entry of the list
   * begins in its turn, and those that are down come last. They are tried all the same where no
   * other is left, so that a lone address is reached as soon as it is back.
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
