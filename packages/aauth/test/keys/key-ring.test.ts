import { describe, expect, it } from "vitest";
import { createKeyRing, type KeyRingOptions } from "../../src/keys/key-ring.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";

interface Key {
  readonly kid: string;
}

const heldKey = (kid: string, announcedAt: number) => ({ key: { kid }, announcedAt, keepSeconds: 100 });

function ringWith(options: Partial<KeyRingOptions<Key>> = {}) {
  const clock = createTestClock(1_000);
  const ring = createKeyRing<Key>({
    key: { kid: "k1" },
    create: async (sequence) => ({ kid: `k${sequence}` }),
    keepSeconds: 100,
    now: clock.now,
    ...options,
  });
  const state = () => ({
    current: ring.current().kid,
    usable: ring.usable().map(({ kid }) => kid),
    published: ring.published().map(({ kid }) => kid),
  });
  return { clock, ring, state };
}

describe("a key ring", () => {
  it("resumes with the keys and the times it had", async () => {
    const { clock, ring } = ringWith();
    await ring.rotate();
    clock.advance(5);
    const { ring: resumed, clock: later } = ringWith({
      key: JSON.parse(JSON.stringify(ring.held())),
      create: async () => ({ kid: "k3" }),
    });
    const state = () => ({
      current: resumed.current().kid,
      published: resumed.published().map(({ kid }) => kid),
    });
    later.advance(11);
    expect(state()).toEqual({ current: "k1", published: ["k2", "k1"] });
    later.advance(1);
    expect(state()).toEqual({ current: "k2", published: ["k2", "k1"] });
    await resumed.rotate();
    later.advance(12);
    expect(state()).toEqual({ current: "k3", published: ["k3", "k2", "k1"] });
    later.advance(88);
    expect(state().published).toEqual(["k3", "k2"]);
  });

  it("signs with its oldest key until another was announced long enough", () => {
    const { state } = ringWith({ key: [heldKey("k2", 1_000), heldKey("k1", 995)] });
    expect(state()).toEqual({ current: "k1", usable: ["k1"], published: ["k2", "k1"] });
  });

  it("refuses two keys of one name, an empty list, and more than may be published", () => {
    const two = [heldKey("k2", 1_000), heldKey("k1", 0)];
    expect(() => ringWith({ key: [heldKey("k1", 1_000), heldKey("k1", 0)] })).toThrow(TypeError);
    expect(() => ringWith({ key: [] })).toThrow(TypeError);
    expect(() => ringWith({ key: two, maxPublishedKeys: 1 })).toThrow(RangeError);
    expect(() => ringWith({ key: two, maxPublishedKeys: 2 })).not.toThrow();
  });

  it("publishes a key before it signs with it", async () => {
    const { clock, ring, state } = ringWith();
    await ring.rotate();
    expect(state()).toEqual({ current: "k1", usable: ["k1"], published: ["k2", "k1"] });
    clock.advance(11);
    expect(ring.current().kid).toBe("k1");
    clock.advance(1);
    expect(state()).toEqual({ current: "k2", usable: ["k2", "k1"], published: ["k2", "k1"] });
  });

  it("keeps a key for the announced time after its successor starts to sign", async () => {
    const { clock, ring, state } = ringWith();
    await ring.rotate();
    clock.advance(12 + 99);
    expect(state().published).toEqual(["k2", "k1"]);
    clock.advance(1);
    expect(state()).toEqual({ current: "k2", usable: ["k2"], published: ["k2"] });
  });

  it("asks at each rotation how long to keep the key that is replaced", async () => {
    let seconds = 1_000;
    const { clock, ring, state } = ringWith({ keepSeconds: () => seconds });
    await ring.rotate();
    seconds = 5;
    clock.advance(12);
    await ring.rotate();
    clock.advance(12 + 5);
    expect(state()).toEqual({ current: "k3", usable: ["k3", "k1"], published: ["k3", "k1"] });
  });

  it("may be rotated again while a key is announced: each signs in its turn", async () => {
    const { clock, ring, state } = ringWith();
    await ring.rotate();
    clock.advance(4);
    await ring.rotate();
    expect(state()).toEqual({ current: "k1", usable: ["k1"], published: ["k3", "k2", "k1"] });
    clock.advance(8);
    expect(ring.current().kid).toBe("k2");
    clock.advance(4);
    expect(state().usable).toEqual(["k3", "k2", "k1"]);
  });

  it("shares one rotation among calls at the same time", async () => {
    const { ring, state } = ringWith();
    const [one, two] = await Promise.all([ring.rotate(), ring.rotate()]);
    expect(one).toBe(two);
    expect(state().published).toHaveLength(2);
  });

  it("stays as it is when no key could be made, and rotates the next time", async () => {
    let failing = true;
    const { ring, state } = ringWith({
      create: async (sequence) => {
        if (failing) throw new Error("no entropy");
        return { kid: `k${sequence}` };
      },
    });
    await expect(ring.rotate()).rejects.toThrow("no entropy");
    expect(state().published).toEqual(["k1"]);
    failing = false;
    await ring.rotate();
    expect(state().published).toHaveLength(2);
  });

  it("never publishes two keys with one kid", async () => {
    const kids = ["k1", "k2", "k2", "k3"];
    const { clock, ring, state } = ringWith({ create: async () => ({ kid: kids.shift()! }) });
    await expect(ring.rotate()).rejects.toThrow(TypeError);
    await ring.rotate();
    await expect(ring.rotate()).rejects.toThrow("k2 is already in the ring");
    clock.advance(12);
    expect(state()).toEqual({ current: "k2", usable: ["k2", "k1"], published: ["k2", "k1"] });
    await ring.rotate();
    expect(state().published).toEqual(["k3", "k2", "k1"]);
  });

  it("publishes no more keys than a verifier reads", async () => {
    const { clock, ring, state } = ringWith();
    for (let count = 1; count < 64; count++) await ring.rotate();
    await expect(ring.rotate()).rejects.toThrow(RangeError);
    expect(state().published).toHaveLength(64);
    clock.advance(112);
    expect(state().published).toHaveLength(1);
    await ring.rotate();
  });
});
