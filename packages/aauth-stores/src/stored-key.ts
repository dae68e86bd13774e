import { createHash } from "node:crypto";
import { escapeKey, isShort } from "./escape-key.ts";

/** Returns the stored form of a key or owner. */
export function storedKey(key: string): string {
  const escaped = escapeKey(key);
  return isShort(escaped) ? escaped : `"${createHash("sha256").update(escaped).digest("base64url")}`;
}
