import { AAuthVerificationError, createDiscovery, type Discovery, readAtMost } from "aauth";

/** A document that a message needs and that was not given. */
export interface WantedDocument {
  /** Address of the document; of a party without one that can be fetched, its identifier. */
  readonly url: string;
  /** Undefined for what this page does not fetch. */
  readonly origin?: string;
  /** Reason why the origin did not give it. */
  readonly problem?: string;
}

const MAX_BYTES = 65_536;
const REFUSED =
  "its server does not let other sites read it (CORS), redirects, or cannot be reached from this browser";

/**
 * Keys by https from origins that the user has named, and from no others. No credentials, no
 * referrer, no redirects, at most 64 KiB.
 */
export class AskedOrigins {
  /** Missing documents, by address or identifier. */
  readonly wanted = new Map<string, WantedDocument>();
  readonly #allowed: ReadonlySet<string>;
  readonly #read: Map<string, Uint8Array>;
  readonly #tried = new Set<string>();
  #fetches = 0;

  /**
   * @param allowed origins that the user has agreed to
   * @param read documents that were read, for the next explanation
   */
  constructor(allowed: ReadonlySet<string>, read: Map<string, Uint8Array>) {
    this.#allowed = allowed;
    this.#read = read;
  }

  /** A `discovery_failed` from it adds to {@link wanted}. */
  readonly discovery: Discovery = this.#discovery();

  #discovery(): Discovery {
    const fetched = createDiscovery({
      transport: async (url, { signal }) => ({ status: 200, body: await this.#fetch(url.href, signal) }),
    });
    const asked = async <Found>(id: string, find: () => Promise<Found>): Promise<Found> => {
      const before = this.#fetches;
      const isNew = !this.#tried.has(id);
      this.#tried.add(id);
      try {
        return await find();
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === "unknown_key" || code === "metadata_mismatch") throw error;
        if (isNew && this.#fetches === before) this.wanted.set(id, { url: id });
        throw new AAuthVerificationError(
          "discovery_failed",
          `the keys of ${id} are not in the message and not given`,
        );
      }
    };
    return {
      metadata: (kind, id) => asked(id, () => fetched.metadata(kind, id)),
      key: (kind, id, kid) => asked(id, () => fetched.key(kind, id, kid)),
      keys: (kind, id) => asked(id, () => fetched.keys(kind, id)),
      replacedKey: async () => undefined,
    };
  }

  /** Text of a document; undefined, and in {@link wanted}, where it cannot be read. */
  async document(url: string): Promise<string | undefined> {
    return this.#fetch(url, AbortSignal.timeout(5000)).then(
      (bytes) => new TextDecoder().decode(bytes),
      () => undefined,
    );
  }

  async #fetch(url: string, signal: AbortSignal): Promise<Uint8Array> {
    this.#fetches += 1;
    const known = this.#read.get(url);
    if (known !== undefined) return known;
    const { origin, protocol } = new URL(url);
    const wanted = { url, ...(protocol === "https:" && { origin }) };
    this.wanted.set(url, wanted);
    if (!this.#allowed.has(origin) || protocol !== "https:") throw new Error("not asked for"); // hole R12
    try {
      const response = await fetch(url, {
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
        cache: "no-store",
        headers: { accept: "application/json" },
        signal,
      });
      if (response.status !== 200) throw new RangeError(`its server answered with status ${response.status}`);
      const body = await readAtMost(response.body, MAX_BYTES);
      this.wanted.delete(url);
      this.#read.set(url, body);
      return body;
    } catch (error) {
      const problem = error instanceof RangeError ? error.message : REFUSED;
      this.wanted.set(url, { ...wanted, problem });
      throw error;
    }
  }
}
