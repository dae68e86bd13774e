interface Owned<Value> {
  readonly value: Value;
  readonly owner: string;
  readonly weight: number;
}

interface Owner {
  /** Oldest first. */
  readonly keys: Set<string>;
  weight: number;
}

/**
 * A map whose room is shared among owners. When it is full, the owner with the most weight loses
 * its oldest entry; of equal owners, the least recently used one. A single owner may use all the
 * room, but the many entries of one owner never evict the few of another.
 */
export class FairMap<Value> {
  readonly #maxWeight: number;
  readonly #entries = new Map<string, Owned<Value>>();
  /** Least recently used first. */
  readonly #owners = new Map<string, Owner>();
  #weight = 0;

  /** @param maxWeight total weight of all entries; a heavier single entry is not stored */
  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Owner of the entry. */
  ownerOf(key: string): string | undefined {
    return this.#entries.get(key)?.owner;
  }

  /** Marks the owner of the entry as recently used. */
  touch(key: string): void {
    const name = this.#entries.get(key)?.owner;
    const owner = name === undefined ? undefined : this.#owners.get(name);
    if (name === undefined || owner === undefined) return;
    this.#owners.delete(name);
    this.#owners.set(name, owner);
  }

  set(key: string, value: Value, owner: string, weight: number): void {
    this.delete(key);
    if (weight > this.#maxWeight) return;
    this.#entries.set(key, { value, owner, weight });
    const share = this.#owners.get(owner) ?? { keys: new Set<string>(), weight: 0 };
    share.keys.add(key);
    share.weight += weight;
    this.#owners.set(owner, share);
    this.touch(key);
    this.#weight += weight;
    while (this.#weight > this.#maxWeight) this.#dropOne();
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
    const share = this.#owners.get(entry.owner);
    if (share === undefined) return;
    share.keys.delete(key);
    share.weight -= entry.weight;
    if (share.keys.size === 0) this.#owners.delete(entry.owner);
  }

  #dropOne(): void {
    let heaviest: Owner | undefined;
    for (const owner of this.#owners.values()) {
      if (heaviest === undefined || owner.weight > heaviest.weight) heaviest = owner;
    }
    const [oldest] = heaviest?.keys ?? [];
    if (oldest !== undefined) this.delete(oldest);
  }
}
