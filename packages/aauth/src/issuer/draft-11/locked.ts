import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../../base64.ts";
import type { KeyValueStore } from "../../store/key-value-store.ts";

/** Longer than a call to an access server may take; a process that dies holds its lock for as long. */
const LOCK_SECONDS = 120;
const LOOK_AGAIN_MS = 10;

/** Runs alone among all processes that share the store: a caller that finds the lock taken waits. */
export async function locked<T>(
  store: KeyValueStore<unknown>,
  name: string,
  run: () => Promise<T>,
): Promise<T> {
  const key = `lock ${name}`;
  const holder = encodeBase64Url(platformCrypto.randomBytes(9));
  const giveUpAt = performance.now() + LOCK_SECONDS * 1000;
  while (!(await store.putIfAbsent(key, holder, LOCK_SECONDS))) {
    if (performance.now() > giveUpAt) throw new Error(`${key} is not given back`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  try {
    return await run();
  } finally {
    if ((await store.get(key)) === holder) await store.delete(key);
  }
}
