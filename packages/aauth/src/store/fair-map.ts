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
 * A map whose room is shared among owners: when it is full, the owner that has the most gives up
 * its oldest entry. One owner alone may have all the room; many entries of one never push out the
 * few of another. Of owners with equally much the one used least recently gives.
 */
export class FairMap<Value> {
  readonly #maxWeight: number;
  readonly #entries = new Map<string, Owned<Value>>();
  /** Used least recently first. */
  readonly #owners = new Map<string, Owner>();
  #weight = 0;

  /** @param maxWeight of all entries together; a heavier one is not kept */
  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Who holds the entry under this key. */
  ownerOf(key: string): string | undefined {
    return this.#entries.get(key)?.owner;
  }

  /** Notes that the entry under this key is in use. */
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
