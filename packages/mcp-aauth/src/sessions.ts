import { ownerOfCaller, type ProvenCaller, type RecordStore } from "aauth";

/** The caller that a session belongs to. */
export interface SessionHolder {
  /** RFC 7638 thumbprint of the key that signs. */
  readonly thumbprint: string;
  /** `sub` by issuer, of each person that the key has acted for in the session. */
  readonly persons: Readonly<Record<string, string>>;
  /** Unix seconds from which a request prolongs the session. */
  readonly renewAt: number;
}

/** Seconds without a request after which a session is forgotten. */
const TTL_SECONDS = 86_400;

/** Binds session ids of the SDK to callers. */
export class McpSessions {
  readonly #store: RecordStore<SessionHolder>;
  readonly #now: () => number;

  /** @param now Unix seconds */
  constructor(store: RecordStore<SessionHolder>, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /**
   * @returns false for an id that is taken
   * @throws StoreFullError where the store has no room for the caller; StoreUnavailableError
   */
  async bind(id: string, caller: ProvenCaller): Promise<boolean> {
    return this.#store.putIfAbsent(id, this.#holder(caller, {}), termsOf(caller));
  }

  /**
   * Whether the session is the caller's: of the same key, and of no other person of the same
   * issuer. An agent shows tokens of one issuer after those of another as it is challenged.
   */
  async isHeldBy(id: string, caller: ProvenCaller): Promise<boolean> {
    const holder = await this.#store.get(id);
    if (!isHolder(holder, caller)) return false;
    const { person } = caller;
    const isKnown = person === undefined || holder.persons[person.iss] !== undefined;
    if (isKnown && this.#now() < holder.renewAt) return true;
    const kept = await this.#store.update(id, (current) =>
      isHolder(current, caller)
        ? { value: this.#holder(caller, current.persons), ...termsOf(caller) }
        : undefined,
    );
    return isHolder(kept, caller);
  }

  /** Forgets a session that has ended. */
  async end(id: string): Promise<void> {
    await this.#store.delete(id);
  }

  #holder({ thumbprint, person }: ProvenCaller, persons: SessionHolder["persons"]): SessionHolder {
    const own = person && { [person.iss]: person.sub };
    return { thumbprint, persons: { ...persons, ...own }, renewAt: this.#now() + TTL_SECONDS / 2 };
  }
}

function isHolder(
  holder: SessionHolder | undefined,
  { thumbprint, person }: ProvenCaller,
): holder is SessionHolder {
  if (holder === undefined) return false;
  if (holder.thumbprint !== thumbprint) return false; // hole M1
  const sub = person && holder.persons[person.iss];
  if (sub !== undefined && sub !== person?.sub) return false; // hole M2
  return true;
}

const termsOf = (caller: ProvenCaller) => ({ owner: ownerOfCaller(caller), ttlSeconds: TTL_SECONDS });
