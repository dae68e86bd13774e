import { ownerOfCaller, type ProvenCaller, type RecordStore } from "aauth";

/** The caller to which a session belongs. */
export interface SessionHolder {
  /** RFC 7638 thumbprint of the key that signs. */
  readonly thumbprint: string;
  /** `sub` by issuer of each person for whom the key has acted in the session. */
  readonly persons: Readonly<Record<string, string>>;
  /** Time from which a request renews the session, Unix seconds. */
  readonly renewAt: number;
}

/** Seconds without a request after which a session expires. */
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
   * @returns false for an id that is already in use
   * @throws StoreFullError if the store has no room for the caller; StoreUnavailableError
   */
  async bind(id: string, caller: ProvenCaller): Promise<boolean> {
    return this.#store.putIfAbsent(id, this.#holder(caller, {}), termsOf(caller));
  }

  /**
   * Whether the session belongs to the caller: the same key, and no other person of the same
   * issuer. An agent may present tokens of several issuers during a session as it is challenged.
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

  /** Deletes an ended session. */
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
