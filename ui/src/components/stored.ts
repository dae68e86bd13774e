import type { z } from "zod";

/** As much of the tab's sessionStorage as the page uses. */
export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** JSON that was stored under a name; undefined when there is none of this shape. */
export function readStored<T>(store: Store, name: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(store.getItem(name) ?? "")).data;
  } catch {
    return undefined;
  }
}
