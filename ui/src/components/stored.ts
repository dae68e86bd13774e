import type { z } from "zod";

/** The methods of the tab's sessionStorage that the page uses. */
export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Reads JSON stored under a name; undefined if missing or of another shape. */
export function readStored<T>(store: Store, name: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(store.getItem(name) ?? "")).data;
  } catch {
    return undefined;
  }
}
